// SPDX-License-Identifier: Apache-2.0
#include "filters/result_builder/result_builder.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "filters/builder/message_source.h"
#include "filters/builder/template_names.h"
#include "pipeline/exchange.h"
#include "pipeline/simple_kind.h"

namespace sluice::filters {
namespace {

struct ResultBuilderSpec {
  pipeline::FilterMeta meta;
  std::string text;
  DelimiterSpec delimiters;

  void fields(auto& visit) {
    meta.fields(visit);
    visit("template", text,
          {.required = true,
           .min = 1,
           .doc = "makes the result: nothing, or one of result0 to result9. White space around it "
                  "does not count"});
    delimiters.fields(visit);
  }
};

struct ResultModel {
  std::optional<templates::Template> made;
  std::string log_name;

  [[nodiscard]] pipeline::NamesOthers::Names names() const {
    return made ? names_in(*made) : pipeline::NamesOthers::Names();
  }
};

class ResultBuilder final : public pipeline::Filter {
 public:
  static constexpr std::string_view kKind = "ResultBuilder";
  static constexpr std::string_view kDescription = "Makes a result for jumpIf, from a template.";
  static constexpr std::string_view kUnknown = "unknown";
  static constexpr std::array<std::string_view, 12> kResults = {
      "result0", "result1", "result2", "result3", "result4", "result5",
      "result6", "result7", "result8", "result9", kUnknown,  kBuildErr};

  static ResultModel prepare(const ResultBuilderSpec& spec, const pipeline::FilterContext& context,
                             config::Faults& faults) {
    return {parse_template(spec.text, spec.delimiters, context.path, faults), log_name(context)};
  }

  ResultBuilder(std::shared_ptr<const ResultModel> model, Logger logger)
      : model_(std::move(model)), log_(std::move(logger), model_->log_name) {}

  Task<std::string_view> handle(pipeline::Exchange& exchange) override {
    const auto text =
        co_await render_exchange(exchange, *model_->made, templates::OutputForm::text, log_);
    if (!text) {
      note_build_error(exchange, model_->log_name, text.error());
      if (exchange.response() == nullptr && lacks_client_json(exchange, *model_->made))
        exchange.gateway_response(400, http::Cause::body_not_json);
      co_return kBuildErr;
    }
    const std::string_view result = trim_space(text->text);
    if (result.empty()) co_return "";
    // Only the ten: the others are not the template's to choose.
    const auto numbered = std::span(kResults).first<10>();
    const auto found = std::ranges::find(numbered, result);
    co_return found == numbered.end() ? kUnknown : *found;
  }

 private:
  std::shared_ptr<const ResultModel> model_;
  TemplateLog log_;
};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_result_builder_kind(Logger logger) {
  return std::make_unique<pipeline::SimpleKind<ResultBuilderSpec, ResultBuilder, Logger>>(
      std::move(logger));
}

}  // namespace sluice::filters
