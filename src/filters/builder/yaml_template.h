// SPDX-License-Identifier: Apache-2.0
// YamlTemplate: a template whose output is YAML. Its structure is parsed once, where no data decide
// about it (templates/skeleton.h). Immutable; any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "config/value.h"
#include "filters/builder/rendering.h"

namespace sluice::filters {

// The YAML that a template has made.
struct MadeYaml {
  templates::Rendered rendered;
  std::shared_ptr<const config::Value> skeleton{};  // null: that of rendered.text
};

class YamlTemplate {
 public:
  // Adds faults.
  [[nodiscard]] static std::optional<YamlTemplate> parse(const std::string& text,
                                                         const DelimiterSpec& delimiters,
                                                         const std::string& path,
                                                         config::Faults& faults);
  // Errors as of render_exchange().
  [[nodiscard]] Task<Result<MadeYaml>> render(pipeline::Exchange& exchange, TemplateLog& log) const;
  // Null if data decide about the structure.
  [[nodiscard]] const config::Value* skeleton() const { return skeleton_.get(); }

 private:
  explicit YamlTemplate(templates::Template made);

  templates::Template made_;
  std::shared_ptr<const config::Value> skeleton_;
};

}  // namespace sluice::filters
