// SPDX-License-Identifier: Apache-2.0
#include "filters/response_builder/response_builder.h"

#include <utility>

#include "filters/builder/body_coding.h"
#include "filters/builder/built_message.h"
#include "filters/builder/message_builder.h"
#include "pipeline/exchange.h"
#include "pipeline/simple_kind.h"

namespace sluice::filters {
namespace {

using pipeline::Exchange;

class ResponseBuilder final : public MessageBuilder {
 public:
  static constexpr std::string_view kKind = "ResponseBuilder";
  static constexpr std::string_view kDescription =
      "Makes a response, from a template or of another namespace.";

  using MessageBuilder::MessageBuilder;

  static MessageSource prepare(const MessageBuilderSpec& spec,
                               const pipeline::FilterContext& context, config::Faults& faults) {
    MessageSource source = MessageBuilder::prepare(spec, context, faults);
    auto fixed = source.made ? source.made->fixed_part() : std::nullopt;
    http::Response scratch;
    if (fixed)
      add_template_faults(build_response(*std::move(fixed), scratch), context.path, faults);
    return source;
  }

 private:
  Result<void> put(Exchange& exchange, MadeYaml yaml) override {
    http::Response fresh;
    SLUICE_CHECK(build_response(std::move(yaml), fresh));
    SLUICE_CHECK(charge_body(exchange, fresh.body));
    exchange.new_response() = std::move(fresh);
    return {};
  }

  // A stream is moved: its namespace has an empty body afterwards. A whole body is shared.
  Task<Result<void>> take(Exchange& exchange, const std::string& from) override {
    http::Response* source = exchange.response_of(from);
    if (source == nullptr)
      co_return fail(ErrorKind::not_found, "namespace " + from + " has no response");
    if (source == exchange.response()) co_return Result<void>{};
    http::Response& response = exchange.new_response();
    response.status = source->status;
    response.cause = source->cause;
    response.headers = source->headers;
    if (source->body.is_stream()) {
      response.body = std::exchange(source->body, http::Body());
    } else if (!source->body.bytes().empty()) {
      response.body.share(source->body.share_whole());
    }
    co_return Result<void>{};
  }
};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_response_builder_kind(Logger logger) {
  return std::make_unique<pipeline::SimpleKind<MessageBuilderSpec, ResponseBuilder, Logger>>(
      std::move(logger));
}

}  // namespace sluice::filters
