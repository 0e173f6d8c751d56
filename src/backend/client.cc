// SPDX-License-Identifier: Apache-2.0
#include "backend/client.h"

#include <algorithm>
#include <array>
#include <utility>

#include "backend/response_body.h"
#include "net/resolver.h"

namespace sluice::backend {

namespace {

constexpr auto kConnectMax = std::chrono::seconds(30);

// RFC 9110 section 9.2.2: a proxy must not repeat other requests by itself.
bool is_idempotent(std::string_view method) {
  constexpr std::array<std::string_view, 6> kMethods = {"GET",    "HEAD",    "PUT",
                                                        "DELETE", "OPTIONS", "TRACE"};
  return std::ranges::find(kMethods, method) != kMethods.end();
}

Failure connect_failure(Error error) { return {Stage::connect, std::move(error)}; }

}  // namespace

Client::Client(loop::EventLoop& loop, const std::vector<Server>& servers, PoolLimits limits)
    : loop_(loop),
      servers_(servers),
      addresses_(loop),
      pool_(std::make_shared<Pool>(loop, servers.size(), limits)) {}

Task<Outcome<void>> Client::exchange(const Call& call, http::Request& request,
                                     http::Response& response) {
  bool may_repeat = !request.body.is_stream() && is_idempotent(request.method);
  auto connection = pool_->take(call.server);
  const Target target{call.host, servers_[call.server].path};
  const bool keep_body = call.body_bytes_max < 0;
  while (true) {
    const bool kept = connection != nullptr;
    if (!kept) {
      auto made = co_await connect(call);
      if (!made) co_return std::unexpected(std::move(made).error());
      connection = std::move(*made);
    }
    if (call.deadline != TimePoint::max()) connection->stream().set_deadline(call.deadline);
    auto started = co_await connection->start(request, target, keep_body, response);
    if (started) break;
    const bool dead = started.error().error.kind == ErrorKind::closed && !connection->answered();
    if (!kept || !dead || !std::exchange(may_repeat, false)) {
      co_return std::unexpected(std::move(started).error());
    }
    connection.reset();
  }
  co_return co_await finish(call, std::move(connection), request.method, response);
}

Task<Outcome<std::unique_ptr<Connection>>> Client::connect(const Call& call) {
  const Server& server = servers_[call.server];
  const TimePoint deadline = std::min(call.deadline, loop::EventLoop::now() + kConnectMax);
  auto endpoints = co_await addresses_.find(server.host, server.port, deadline);
  if (!endpoints) co_return std::unexpected(connect_failure(std::move(endpoints).error()));
  Error last;
  for (const net::Endpoint& endpoint : *endpoints) {
    auto stream = co_await net::connect(loop_, endpoint, deadline);
    if (stream) co_return std::make_unique<Connection>(std::move(*stream));
    last = std::move(stream).error();
    if (last.kind == ErrorKind::timed_out) break;
  }
  co_return std::unexpected(connect_failure(std::move(last)));
}

Task<Outcome<void>> Client::finish(const Call& call, std::unique_ptr<Connection> connection,
                                   std::string_view method, http::Response& response) {
  const auto length = connection->content_length();
  if (call.body_bytes_max < 0 && connection->has_body()) {
    connection->stream().clear_deadline();
    response.body = http::Body(
        std::make_unique<ResponseBody>(pool_, call.server, std::move(connection)), length);
    co_return Outcome<void>();
  }
  const auto bytes_max = static_cast<std::uint64_t>(std::max<std::int64_t>(call.body_bytes_max, 0));
  auto whole = co_await read_whole(*connection, bytes_max);
  if (!whole) co_return std::unexpected(std::move(whole).error());
  pool_->put(call.server, std::move(connection));
  if (method == "HEAD" && length) {
    response.body = http::Body(std::make_unique<AnnouncedBody>(), length);
  } else {
    response.body.assign(std::move(*whole));
  }
  co_return Outcome<void>();
}

}  // namespace sluice::backend
