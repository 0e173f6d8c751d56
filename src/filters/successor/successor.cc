// SPDX-License-Identifier: Apache-2.0
#include "filters/successor/successor.h"

#include <array>
#include <nlohmann/json.hpp>

#include "backend/h1_connection.h"
#include "pipeline/exchange.h"
#include "pipeline/simple_kind.h"

namespace sluice::filters {
namespace {

constexpr std::string_view kInternalError = "internalError";
// The time that a request waits for the new process, which may have to read a large store.
constexpr std::chrono::seconds kGateTimeout{120};
constexpr std::chrono::milliseconds kGatePoll{2};
// No limit in practice: the new process applies its own limits.
constexpr std::chrono::hours kSilenceMax{24};

struct SuccessorSpec {
  pipeline::FilterMeta meta;
  std::string server;
  std::string admission;
  void fields(auto& visit) {
    meta.fields(visit);
    visit("server", server, {.required = true});
    visit("admission", admission, {});
  }
};

// The body of the new process's response. Owns the stream to that process.
class HandedBody final : public http::BodyReader {
 public:
  explicit HandedBody(std::unique_ptr<backend::H1Connection> connection)
      : connection_(std::move(connection)) {}
  Task<Result<std::string_view>> read() override {
    auto bytes = co_await connection_->read_body();
    if (!bytes) co_return std::unexpected(std::move(bytes).error().error);
    co_return *bytes;
  }
  std::unique_ptr<http::Headers> take_trailers() override { return connection_->take_trailers(); }

 private:
  std::unique_ptr<backend::H1Connection> connection_;
};

// The body of a response to HEAD: empty, although the head may announce a length.
class NoBody final : public http::BodyReader {
 public:
  Task<Result<std::string_view>> read() override { co_return std::string_view(); }
};

class SuccessorFilter final : public pipeline::Filter {
 public:
  static constexpr std::string_view kKind = kSuccessorKind;
  static constexpr std::string_view kDescription =
      "Hands requests to the process that follows this one.";
  static constexpr std::array<std::string_view, 1> kResults = {kInternalError};

  SuccessorFilter(std::shared_ptr<const SuccessorSpec> spec, const loop::Core& core,
                  std::shared_ptr<const SuccessorGate> gate)
      : core_(core), spec_(std::move(spec)), gate_(std::move(gate)) {}

  Task<std::string_view> handle(pipeline::Exchange& exchange) override {
    auto stream = co_await connect(exchange);
    if (!stream) co_return give_up(exchange, stream.error().message);
    auto connection = std::make_unique<backend::H1Connection>(*std::move(stream), kSilenceMax);
    http::Request& request = *exchange.request();
    http::Response& response = exchange.ensure_response();
    // The server has sent 100 (Continue) already if the client asked for it.
    request.headers.remove("Expect");
    const http::Destination to{};
    const auto started =
        co_await connection->start(request, to, true, response, exchange.interim());
    if (!started) co_return give_up(exchange, started.error().error.message);
    const auto length = connection->content_length();
    if (connection->has_body()) {
      response.body = http::Body(std::make_unique<HandedBody>(std::move(connection)), length);
    } else if (request.method == "HEAD") {
      response.body = http::Body(std::make_unique<NoBody>(), length);
    }
    co_return "";
  }

 private:
  // A stream whose other end belongs to the new process.
  Task<Result<std::unique_ptr<net::Stream>>> connect(pipeline::Exchange& exchange) {
    const TimePoint deadline = Clock::now() + kGateTimeout;
    auto channel = gate_->channel();
    while (!channel && Clock::now() < deadline) {
      co_await core_.loop.sleep_for(kGatePoll);
      channel = gate_->channel();
    }
    if (!channel) co_return fail(ErrorKind::timed_out, "the new process does not serve yet");
    auto ends = net::make_stream_pair();
    if (!ends) co_return std::unexpected(std::move(ends).error());
    const std::string text = message(exchange);
    while (true) {
      const std::array<int, 1> theirs{ends->second.get()};
      const auto sent = channel->send(text, theirs, Clock::now());
      if (sent) break;
      if (sent.error().kind != ErrorKind::timed_out || Clock::now() > deadline)
        co_return std::unexpected(sent.error());
      co_await core_.loop.sleep_for(kGatePoll);
    }
    auto stream = net::make_handed_stream(core_.loop, std::move(ends->first), "successor", false);
    if (!stream) co_return fail(ErrorKind::unavailable, "the loop cannot watch one more stream");
    co_return stream;
  }

  std::string message(pipeline::Exchange& exchange) const {
    HandedConnection handed;
    handed.server = spec_->server;
    handed.admission = spec_->admission;
    handed.peer = exchange.peer;
    handed.secure = exchange.client_request().scheme == "https";
    return config::encode(handed).dump();
  }

  static std::string_view give_up(pipeline::Exchange& exchange, const std::string& reason) {
    exchange.gateway_response(503, http::Cause::handover_failed);
    exchange.add_tag("hand-over: " + reason);
    return kInternalError;
  }

  const loop::Core& core_;
  const std::shared_ptr<const SuccessorSpec> spec_;
  const std::shared_ptr<const SuccessorGate> gate_;
};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_successor_kind(
    std::shared_ptr<const SuccessorGate> gate) {
  using Kind =
      pipeline::SimpleKind<SuccessorSpec, SuccessorFilter, std::shared_ptr<const SuccessorGate>>;
  return std::make_unique<Kind>(std::move(gate));
}

}  // namespace sluice::filters
