// SPDX-License-Identifier: Apache-2.0
// Client: exchanges with a list of servers, over connections that are kept.
// Core-bound.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "backend/channel.h"
#include "backend/connection_gate.h"
#include "backend/connector.h"
#include "backend/h2_server.h"
#include "backend/idle_connections.h"
#include "backend/response_body.h"
#include "backend/server.h"
#include "backend/server_state.h"
#include "http/message.h"
#include "loop/core.h"
#include "loop/task.h"

namespace sluice {
class MemoryHolder;
}

namespace sluice::backend {

inline constexpr std::uint64_t kHeldBytesMax = 64 << 10;

struct Call {
  std::size_t server = 0;
  std::string_view host{};                // for the Host field; empty: the request's own
  TimePoint deadline = TimePoint::max();  // of the whole exchange; of the head
                                          // if the body streams
  // Of the response's body. Above 0: it is read whole, and is an error beyond. Below: a stream. 0:
  // it is read whole if it is announced as at most kHeldBytesMax, or is all here when the head is;
  // else a stream that may be held (http::Body::hold).
  std::int64_t body_bytes_max = 4 << 20;
  const BodyObserver* observer = nullptr;  // of streams; owned by a shared_ptr
  // Gets the time that was spent waiting for the client's bytes, until exchange() returns.
  Duration* client_time = nullptr;
  http::InterimSink* interim = nullptr;  // gets the interim responses; null: they are dropped
  // Who holds the body of the response; what it may not hold is a stream. Null: nobody.
  std::shared_ptr<MemoryHolder> memory{};
};

struct ClientOptions {
  IdleLimits idle{};
  ConnectorOptions connector{};
  Duration silence_max = std::chrono::minutes(1);     // of a backend that is waited for
  Duration queue_timeout = std::chrono::seconds(10);  // the longest wait for a connection
  bool offers_http2 = true;                           // to https servers

  bool operator==(const ClientOptions&) const = default;
};

using Servers = std::vector<Server>;

class Client {
 public:
  // `states`: one per server. `core` outlives the Client.
  Client(const loop::Core& core, std::shared_ptr<const Servers> servers, ServerStates states,
         const ClientOptions& options);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  // HTTP/2 connections go on until their last exchange is over.
  ~Client();

  // Sends `request`, fills `response`. If a kept connection turns out to be
  // dead before any byte of a response, a request that may be repeated
  // (idempotent, its body whole) goes out once more; and up to three times if
  // the backend says that it has not looked at it. Requests that find no connection to a server of
  // HTTP/2 wait for those that are being set up, as many as those will have streams for. A streamed
  // request body is taken from the request. A streamed response body owns its connection, and
  // counts as in flight, until its end has been read; dropping it early closes
  // the connection.
  [[nodiscard]] Task<Outcome<void>> exchange(const Call& call, http::Request& request,
                                             http::Response& response);
  [[nodiscard]] std::size_t idle() const { return idle_->idle(); }

 private:
  // `since`: when a kept connection has failed. Others that were there then may
  // be as old, and are passed by. kAnyAge: none has.
  static constexpr TimePoint kAnyAge = TimePoint::min();
  [[nodiscard]] Task<Outcome<std::unique_ptr<Channel>>> open(const Call& call, TimePoint since);
  [[nodiscard]] std::unique_ptr<Channel> take_kept(std::size_t server, TimePoint since);
  [[nodiscard]] std::unique_ptr<Channel> take_stream(std::size_t server, TimePoint since);
  [[nodiscard]] Task<Outcome<std::unique_ptr<Channel>>> connect(const Call& call,
                                                                ConnectionGate::Pass pass);
  [[nodiscard]] std::unique_ptr<Channel> begin_http2(std::size_t server, Connector::Link link,
                                                     ConnectionGate::Pass pass,
                                                     H2Server::SetUp set_up);
  [[nodiscard]] Task<Outcome<std::unique_ptr<Channel>>> queue_up(const Call& call, TimePoint since);
  [[nodiscard]] Task<Outcome<void>> finish(const Call& call, std::unique_ptr<Channel> channel,
                                           std::string_view method, http::Response& response);

  [[nodiscard]] http::Body stream(const Call& call, std::unique_ptr<Channel> channel,
                                  std::string first, int status) const;

  const loop::Core& core_;
  std::shared_ptr<const Servers> servers_;
  ServerStates states_;
  Duration queue_timeout_;
  Duration silence_max_;
  Duration idle_for_max_;
  std::vector<std::unique_ptr<Connector>> connectors_;
  std::vector<std::shared_ptr<H2Server>> h2_;  // one per server
  // Streamed bodies hand their connections back if it is still there.
  std::shared_ptr<IdleConnections> idle_;
};

}  // namespace sluice::backend
