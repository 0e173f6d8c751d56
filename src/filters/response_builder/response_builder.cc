// SPDX-License-Identifier: Apache-2.0
#include "filters/response_builder/response_builder.h"

#include <array>

#include "filters/builder/body_coding.h"
#include "filters/builder/built_message.h"
#include "filters/builder/message_source.h"
#include "pipeline/exchange.h"
#include "pipeline/simple_kind.h"

namespace sluice::filters {
namespace {

using pipeline::Exchange;

class ResponseBuilder final : public pipeline::Filter {
 public:
  static constexpr std::string_view kKind = "ResponseBuilder";
  static constexpr std::string_view kDescription =
      "Makes a response, from a template or of another namespace.";
  static constexpr std::array<std::string_view, 1> kResults = {kBuildErr};

  static MessageSource prepare(const MessageBuilderSpec& spec,
                               const pipeline::FilterContext& context, config::Faults& faults) {
    return MessageSource::prepare(spec, context, faults);
  }

  ResponseBuilder(std::shared_ptr<const MessageSource> source, Logger logger)
      : source_(std::move(source)), log_(std::move(logger), source_->log_name) {}

  Task<std::string_view> handle(Exchange& exchange) override {
    Result<void> done;
    if (source_->made) {
      done = co_await build(exchange);
    } else {
      done = take(exchange);
    }
    if (done) co_return "";
    note_build_error(exchange, source_->log_name, done.error());
    co_return kBuildErr;
  }

 private:
  // The old response stays if the new one cannot be made.
  Task<Result<void>> build(Exchange& exchange) {
    auto text =
        co_await render_exchange(exchange, *source_->made, templates::OutputForm::yaml, log_);
    if (!text) co_return std::unexpected(std::move(text).error());
    http::Response fresh;
    SLUICE_CO_CHECK(build_response(*text, fresh));
    SLUICE_CO_CHECK(charge_body(exchange, fresh.body));
    exchange.new_response() = std::move(fresh);
    co_return Result<void>{};
  }

  // A stream is moved: its namespace has an empty body afterwards. A whole body is shared.
  Result<void> take(Exchange& exchange) {
    http::Response* source = exchange.response_of(source_->source_namespace);
    if (source == nullptr)
      return fail(ErrorKind::not_found,
                  "namespace " + source_->source_namespace + " has no response");
    if (source == exchange.response()) return {};
    http::Response& response = exchange.new_response();
    response.status = source->status;
    response.headers = source->headers;
    if (source->body.is_stream()) {
      response.body = std::exchange(source->body, http::Body());
    } else if (!source->body.bytes().empty()) {
      response.body.share(source->body.share_whole());
    }
    return {};
  }

  std::shared_ptr<const MessageSource> source_;
  TemplateLog log_;
};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_response_builder_kind(Logger logger) {
  return std::make_unique<pipeline::SimpleKind<MessageBuilderSpec, ResponseBuilder, Logger>>(
      std::move(logger));
}

}  // namespace sluice::filters
