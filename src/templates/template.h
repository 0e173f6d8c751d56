// SPDX-License-Identifier: Apache-2.0
// Template: the part of Go's text/template that gateways use: docs/templates.md. Immutable; any
// thread.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/faults.h"
#include "templates/datum.h"
#include "templates/lexer.h"
#include "templates/render_options.h"

namespace sluice::templates {

struct Program;

class Template {
 public:
  // Adds a fault with the line and returns nullopt if the text is no template.
  [[nodiscard]] static std::optional<Template> parse(std::string_view text,
                                                     const Delimiters& delimiters,
                                                     const std::string& path,
                                                     config::Faults& faults);
  // Errors: `invalid` with the line, for data that do not fit; `too_large` beyond the bounds.
  // Requires: skeleton() is there, if the form is `values`.
  [[nodiscard]] Result<Rendered> render(const Datum& root, const RenderOptions& options = {}) const;
  // The YAML with marks, of which OutputForm::values makes the values: skeleton.h. Null if its
  // structure depends on the data.
  [[nodiscard]] const std::string* skeleton() const;
  // True if the text may read the field `last` of `root.group.element`, or of `root.group` if
  // `element` is empty. Errs on the side of true.
  [[nodiscard]] bool may_read(std::string_view group, std::string_view element,
                              std::string_view last) const;
  // The chains of fields that are read from the root: of `.a.b`, {"a", "b"}.
  [[nodiscard]] const std::vector<std::vector<std::string>>& fields_read() const;
  // The lines on which a value stands in a text of JSON without being escaped: bare_values.h.
  [[nodiscard]] std::vector<int> bare_lines() const;

 private:
  explicit Template(std::shared_ptr<const Program> program) : program_(std::move(program)) {}
  std::shared_ptr<const Program> program_;
};

}  // namespace sluice::templates
