// SPDX-License-Identifier: Apache-2.0
#include "filters/request_builder/request_builder.h"

#include <array>

#include "filters/builder/body_coding.h"
#include "filters/builder/built_message.h"
#include "filters/builder/message_source.h"
#include "pipeline/exchange.h"
#include "pipeline/simple_kind.h"

namespace sluice::filters {
namespace {

using pipeline::Exchange;

class RequestBuilder final : public pipeline::Filter {
 public:
  static constexpr std::string_view kKind = "RequestBuilder";
  static constexpr std::string_view kDescription =
      "Makes a request, from a template or of another namespace.";
  static constexpr std::array<std::string_view, 1> kResults = {kBuildErr};

  static MessageSource prepare(const MessageBuilderSpec& spec,
                               const pipeline::FilterContext& context, config::Faults& faults) {
    return MessageSource::prepare(spec, context, faults);
  }

  RequestBuilder(std::shared_ptr<const MessageSource> source, Logger logger)
      : source_(std::move(source)), log_(std::move(logger), source_->log_name) {}

  Task<std::string_view> handle(Exchange& exchange) override {
    auto made = source_->made ? build(exchange) : copy(exchange);
    const Result<void> done = co_await std::move(made);
    if (done) co_return "";
    note_build_error(exchange, source_->log_name, done.error());
    co_return kBuildErr;
  }

 private:
  // The old request stays if the new one cannot be made.
  Task<Result<void>> build(Exchange& exchange) {
    auto text =
        co_await render_exchange(exchange, *source_->made, templates::OutputForm::yaml, log_);
    if (!text) co_return std::unexpected(std::move(text).error());
    http::Request fresh;
    const http::Request& client = exchange.client_request();
    fresh.version = client.version;
    fresh.scheme = client.scheme;
    fresh.host = client.host;
    SLUICE_CO_CHECK(build_request(*text, fresh));
    SLUICE_CO_CHECK(charge_body(exchange, fresh.body));
    exchange.new_request() = std::move(fresh);
    co_return Result<void>{};
  }

  Task<Result<void>> copy(Exchange& exchange) {
    http::Request* source = exchange.request_of(source_->source_namespace);
    if (source == nullptr) {
      co_return fail(ErrorKind::not_found,
                     "namespace " + source_->source_namespace + " has no request");
    }
    if (source == exchange.request()) co_return Result<void>{};
    auto whole = co_await make_whole(exchange, source->body);
    if (!whole) co_return std::unexpected(std::move(whole).error());
    http::Request& copied = exchange.new_request();
    copied.copy_head(*source);
    if (!source->body.bytes().empty()) copied.body.share(source->body.share_whole());
    co_return Result<void>{};
  }

  std::shared_ptr<const MessageSource> source_;
  TemplateLog log_;
};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_request_builder_kind(Logger logger) {
  return std::make_unique<pipeline::SimpleKind<MessageBuilderSpec, RequestBuilder, Logger>>(
      std::move(logger));
}

}  // namespace sluice::filters
