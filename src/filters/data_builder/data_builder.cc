// SPDX-License-Identifier: Apache-2.0
#include "filters/data_builder/data_builder.h"

#include <nlohmann/json.hpp>

#include "filters/builder/built_message.h"
#include "filters/builder/message_builder.h"
#include "pipeline/exchange.h"
#include "pipeline/simple_kind.h"

namespace sluice::filters {
namespace {

struct DataBuilderSpec {
  pipeline::FilterMeta meta;
  std::string data_key;
  std::string text;
  DelimiterSpec delimiters;

  void fields(auto& visit) {
    meta.fields(visit);
    visit("dataKey", data_key,
          {.required = true,
           .min = 1,
           .doc = "the name of the data; not `PIPELINE`, which is the pipeline's own"});
    visit("template", text, {.required = true, .min = 1, .doc = "makes the data, as YAML or JSON"});
    delimiters.fields(visit);
  }
};

struct DataModel {
  std::optional<YamlTemplate> made;
  std::string key;
  std::string log_name;

  [[nodiscard]] pipeline::NamesOthers::Names names() const {
    auto names = made ? made->names() : pipeline::NamesOthers::Names();
    names.makes.push_back(key);
    return names;
  }
};

class DataBuilder final : public BuildingFilter {
 public:
  static constexpr std::string_view kKind = "DataBuilder";
  static constexpr std::string_view kDescription =
      "Makes data for later templates, from a template.";

  static DataModel prepare(const DataBuilderSpec& spec, const pipeline::FilterContext& context,
                           config::Faults& faults) {
    if (spec.data_key == pipeline::kPipelineData) {
      faults.add(config::join_path(context.path, "dataKey"),
                 "is the name of the pipeline's own data: take another one");
    }
    return {YamlTemplate::parse(spec.text, spec.delimiters, context.path, faults), spec.data_key,
            log_name(context)};
  }

  DataBuilder(std::shared_ptr<const DataModel> model, Logger logger)
      : BuildingFilter(model->log_name, std::move(logger)), model_(std::move(model)) {}

 private:
  [[nodiscard]] const YamlTemplate* made() const override {
    return model_->made ? &*model_->made : nullptr;
  }
  Task<Result<void>> build(pipeline::Exchange& exchange) override {
    auto rendering = render(exchange, *model_->made);
    auto yaml = co_await std::move(rendering);
    if (!yaml) co_return std::unexpected(std::move(yaml).error());
    SLUICE_CO_TRY(Json data, data_of_yaml(*std::move(yaml)));
    co_return exchange.set_data(model_->key, std::move(data));
  }

  std::shared_ptr<const DataModel> model_;
};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_data_builder_kind(Logger logger) {
  return std::make_unique<pipeline::SimpleKind<DataBuilderSpec, DataBuilder, Logger>>(
      std::move(logger));
}

}  // namespace sluice::filters
