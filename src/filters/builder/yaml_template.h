// SPDX-License-Identifier: Apache-2.0
// YamlTemplate: a template whose output is YAML. Its structure is parsed once, where no data decide
// about it (templates/skeleton.h). Immutable; any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "config/value.h"
#include "filters/builder/rendering.h"
#include "filters/builder/template_names.h"

namespace sluice::filters {

// The YAML that a template has made.
struct MadeYaml {
  templates::Rendered rendered;
  std::shared_ptr<const config::Value> skeleton{};  // null: that of rendered.text
};

// Adds the faults of a try to make something of fixed_part(): each request would have them.
void add_template_faults(const Result<void>& tried, const std::string& path,
                         config::Faults& faults);

class YamlTemplate {
 public:
  // Adds faults.
  [[nodiscard]] static std::optional<YamlTemplate> parse(const std::string& text,
                                                         const DelimiterSpec& delimiters,
                                                         const std::string& path,
                                                         config::Faults& faults);
  // Errors as of render_exchange().
  [[nodiscard]] Task<Result<MadeYaml>> render(pipeline::Exchange& exchange, TemplateLog& log) const;
  // See filters::lacks_client_json().
  [[nodiscard]] bool lacks_client_json(pipeline::Exchange& exchange) const {
    return filters::lacks_client_json(exchange, made_);
  }
  // The part of the output that is the same for all data: the skeleton without all that a value is
  // part of. nullopt: not known.
  [[nodiscard]] std::optional<MadeYaml> fixed_part() const;
  [[nodiscard]] pipeline::NamesOthers::Names names() const { return names_in(made_); }
  // Null if data decide about the structure.
  [[nodiscard]] const config::Value* skeleton() const { return skeleton_.get(); }

 private:
  explicit YamlTemplate(templates::Template made);

  templates::Template made_;
  std::shared_ptr<const config::Value> skeleton_;
};

}  // namespace sluice::filters
