// SPDX-License-Identifier: Apache-2.0
#include "filters/web_socket_proxy/tunnel.h"

#include <optional>
#include <utility>

#include "filters/web_socket_proxy/frame_limit.h"

namespace sluice::filters {
namespace {

constexpr std::string_view kTooLarge = "a WebSocket message is larger than allowed";

std::optional<FrameLimit> make_limit(std::int64_t bytes_max) {
  if (bytes_max <= 0) return std::nullopt;
  return FrameLimit(static_cast<std::uint64_t>(bytes_max));
}

class ClientBytes final : public http::BodyReader {
 public:
  ClientBytes(std::shared_ptr<http::BodyReader> inner, const FrameLimit& limit,
              std::shared_ptr<TunnelEnd> end)
      : inner_(std::move(inner)), limit_(limit), end_(std::move(end)) {}

  Task<Result<std::string_view>> read() override {
    auto bytes = co_await inner_->read();
    if (!bytes || limit_.take(*bytes)) co_return bytes;
    end_->client_exceeded = true;
    co_return fail(ErrorKind::too_large, std::string(kTooLarge));
  }

 private:
  std::shared_ptr<http::BodyReader> inner_;
  FrameLimit limit_;
  std::shared_ptr<TunnelEnd> end_;
};

// The exchange owns the body that owns this, so it outlives it.
class ServerBytes final : public http::BodyReader {
 public:
  ServerBytes(http::Body inner, std::optional<FrameLimit> limit, std::shared_ptr<TunnelEnd> end,
              pipeline::Exchange& exchange)
      : inner_(std::move(inner)), limit_(limit), end_(std::move(end)), exchange_(exchange) {}

  Task<Result<std::string_view>> read() override {
    auto bytes = co_await inner_.reader()->read();
    if (end_ && end_->client_exceeded) {
      exchange_.add_tag("webSocketProxy: a message of the client is larger than clientMaxMsgSize");
      co_return fail(ErrorKind::too_large, std::string(kTooLarge));
    }
    if (!bytes || !limit_ || limit_->take(*bytes)) co_return bytes;
    exchange_.add_tag("webSocketProxy: a message of the server is larger than serverMaxMsgSize");
    co_return fail(ErrorKind::too_large, std::string(kTooLarge));
  }

 private:
  http::Body inner_;
  std::optional<FrameLimit> limit_;
  std::shared_ptr<TunnelEnd> end_;
  pipeline::Exchange& exchange_;
};

}  // namespace

std::shared_ptr<TunnelEnd> limit_client(http::Request& request, const MessageLimits& limits) {
  const auto limit = make_limit(limits.from_client);
  if (!limit || !request.upgraded) return nullptr;
  auto end = std::make_shared<TunnelEnd>();
  request.upgraded = std::make_shared<ClientBytes>(std::move(request.upgraded), *limit, end);
  return end;
}

void limit_server(pipeline::Exchange& exchange, const MessageLimits& limits,
                  std::shared_ptr<TunnelEnd> end) {
  const auto limit = make_limit(limits.from_server);
  http::Response& response = *exchange.response();
  if ((!limit && !end) || !response.body.is_stream()) return;
  http::Body inner = std::exchange(response.body, http::Body());
  response.body =
      http::Body(std::make_unique<ServerBytes>(std::move(inner), limit, std::move(end), exchange),
                 std::nullopt);
}

}  // namespace sluice::filters
