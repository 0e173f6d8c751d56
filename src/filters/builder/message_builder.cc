// SPDX-License-Identifier: Apache-2.0
#include "filters/builder/message_builder.h"

namespace sluice::filters {
namespace {

constexpr int kBadRequestStatus = 400;

// Without a response, the client would get 503 for its own mistake. One that is there stays.
void refuse_client_json(pipeline::Exchange& exchange, const YamlTemplate* made) {
  if (made == nullptr || exchange.response_of(pipeline::kDefaultNamespace) != nullptr) return;
  const bool own = exchange.active_namespace() == pipeline::kDefaultNamespace;
  if (own && made->lacks_client_json(exchange))
    exchange.gateway_response(kBadRequestStatus, http::Cause::body_not_json);
}

}  // namespace

Task<std::string_view> BuildingFilter::handle(pipeline::Exchange& exchange) {
  auto building = build(exchange);
  const Result<void> done = co_await std::move(building);
  if (done) co_return "";
  note_build_error(exchange, log_name_, done.error());
  refuse_client_json(exchange, made());
  co_return kBuildErr;
}

Task<Result<void>> MessageBuilder::build(pipeline::Exchange& exchange) {
  if (!source_->made) {
    auto taking = take(exchange, source_->source_namespace);
    co_return co_await std::move(taking);
  }
  auto rendering = render(exchange, *source_->made);
  auto yaml = co_await std::move(rendering);
  if (!yaml) co_return std::unexpected(std::move(yaml).error());
  co_return put(exchange, *std::move(yaml));
}

}  // namespace sluice::filters
