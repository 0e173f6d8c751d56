// SPDX-License-Identifier: Apache-2.0
// Template: the part of Go's text/template that gateways use: docs/templates.md. Immutable; any
// thread.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "config/faults.h"
#include "templates/datum.h"
#include "templates/functions.h"
#include "templates/lexer.h"
#include "templates/output.h"

namespace sluice::templates {

struct Program;

struct RenderOptions {
  OutputForm form = OutputForm::text;
  Host* host = nullptr;  // null: `log` writes nothing
  std::size_t output_bytes_max = std::size_t{4} << 20;
  // A step is a node, an operand, a round of a loop, or 64 bytes that a function reads or makes.
  std::size_t steps_max = 250'000;
};

class Template {
 public:
  // Adds a fault with the line and returns nullopt if the text is no template.
  [[nodiscard]] static std::optional<Template> parse(std::string_view text,
                                                     const Delimiters& delimiters,
                                                     const std::string& path,
                                                     config::Faults& faults);
  // Errors: `invalid` with the line, for data that do not fit; `too_large` beyond the bounds.
  [[nodiscard]] Result<std::string> render(const Datum& root,
                                           const RenderOptions& options = {}) const;
  // True if the text may read the field `last` of `root.group.element`, or of `root.group` if
  // `element` is empty. Errs on the side of true.
  [[nodiscard]] bool may_read(std::string_view group, std::string_view element,
                              std::string_view last) const;

 private:
  explicit Template(std::shared_ptr<const Program> program) : program_(std::move(program)) {}
  std::shared_ptr<const Program> program_;
};

}  // namespace sluice::templates
