// SPDX-License-Identifier: Apache-2.0
#include "filters/request_builder/request_builder.h"

#include "filters/builder/body_coding.h"
#include "filters/builder/built_message.h"
#include "filters/builder/message_builder.h"
#include "pipeline/exchange.h"
#include "pipeline/simple_kind.h"

namespace sluice::filters {
namespace {

using pipeline::Exchange;

class RequestBuilder final : public MessageBuilder {
 public:
  static constexpr std::string_view kKind = "RequestBuilder";
  static constexpr std::string_view kDescription =
      "Makes a request, from a template or of another namespace.";

  using MessageBuilder::MessageBuilder;

  static MessageSource prepare(const MessageBuilderSpec& spec,
                               const pipeline::FilterContext& context, config::Faults& faults) {
    MessageSource source = MessageBuilder::prepare(spec, context, faults);
    auto fixed = source.made ? source.made->fixed_part() : std::nullopt;
    http::Request scratch;
    if (fixed) add_template_faults(build_request(*std::move(fixed), scratch), context.path, faults);
    return source;
  }

 private:
  Result<void> put(Exchange& exchange, MadeYaml yaml) override {
    http::Request fresh;
    const http::Request& client = exchange.client_request();
    fresh.version = client.version;
    fresh.scheme = client.scheme;
    fresh.host = client.host;
    SLUICE_CHECK(build_request(std::move(yaml), fresh));
    SLUICE_CHECK(charge_body(exchange, fresh.body));
    exchange.new_request() = std::move(fresh);
    return {};
  }

  Task<Result<void>> take(Exchange& exchange, const std::string& from) override {
    http::Request* source = exchange.request_of(from);
    if (source == nullptr)
      co_return fail(ErrorKind::not_found, "namespace " + from + " has no request");
    if (source == exchange.request()) co_return Result<void>{};
    auto whole = co_await make_whole(exchange, source->body);
    if (!whole) co_return std::unexpected(std::move(whole).error());
    http::Request& copied = exchange.new_request();
    copied.copy_head(*source);
    if (!source->body.bytes().empty()) copied.body.share(source->body.share_whole());
    co_return Result<void>{};
  }
};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_request_builder_kind(Logger logger) {
  return std::make_unique<pipeline::SimpleKind<MessageBuilderSpec, RequestBuilder, Logger>>(
      std::move(logger));
}

}  // namespace sluice::filters
