// SPDX-License-Identifier: Apache-2.0
// The bases of the filters that make something of a template and end with buildErr if they cannot.
// Core-bound.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "filters/builder/message_source.h"
#include "filters/builder/yaml_template.h"
#include "pipeline/exchange.h"
#include "pipeline/filter.h"

namespace sluice::filters {

class BuildingFilter : public pipeline::Filter {
 public:
  static constexpr std::array<std::string_view, 1> kResults = {kBuildErr};

  Task<std::string_view> handle(pipeline::Exchange& exchange) final;

 protected:
  // `log_name`: see filters::log_name().
  BuildingFilter(const std::string& log_name, Logger logger)
      : log_name_(log_name), log_(std::move(logger), log_name) {}
  // The template of the filter; null: it has none.
  [[nodiscard]] virtual const YamlTemplate* made() const = 0;
  [[nodiscard]] Task<Result<MadeYaml>> render(pipeline::Exchange& exchange,
                                              const YamlTemplate& made) {
    return made.render(exchange, log_);
  }

 private:
  // Leaves the exchange as it is if it fails.
  virtual Task<Result<void>> build(pipeline::Exchange& exchange) = 0;

  std::string log_name_;
  TemplateLog log_;
};

// RequestBuilder and ResponseBuilder.
class MessageBuilder : public BuildingFilter {
 public:
  static MessageSource prepare(const MessageBuilderSpec& spec,
                               const pipeline::FilterContext& context, config::Faults& faults) {
    return MessageSource::prepare(spec, context, faults);
  }
  MessageBuilder(std::shared_ptr<const MessageSource> source, Logger logger)
      : BuildingFilter(source->log_name, std::move(logger)), source_(std::move(source)) {}

 private:
  [[nodiscard]] const YamlTemplate* made() const final {
    return source_->made ? &*source_->made : nullptr;
  }
  Task<Result<void>> build(pipeline::Exchange& exchange) final;
  // Puts the message that `yaml` describes into the namespace of the node.
  virtual Result<void> put(pipeline::Exchange& exchange, MadeYaml yaml) = 0;
  // Takes the message of the namespace `source`.
  virtual Task<Result<void>> take(pipeline::Exchange& exchange, const std::string& source) = 0;

  std::shared_ptr<const MessageSource> source_;
};

}  // namespace sluice::filters
