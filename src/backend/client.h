// SPDX-License-Identifier: Apache-2.0
// Client: exchanges with a list of servers over kept connections. Core-bound.
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
#include "loop/on_core.h"
#include "loop/task.h"

namespace sluice {
class MemoryHolder;
}

namespace sluice::backend {

inline constexpr std::uint64_t kHeldBytesMax = 64 << 10;

struct Call {
  std::size_t server = 0;
  std::string_view host{};  // for the Host field; empty: the request's own, or, if it has
                            // none, that of the server
  TimePoint deadline = TimePoint::max();  // of the whole exchange; of the head
                                          // if the body streams
  // Limit of the response's body. Above 0: the body is read whole, and a larger one is an error.
  // Below 0: a stream. 0: the body is read whole if its announced length is at most kHeldBytesMax,
  // or if it has arrived with the head. Otherwise it is a stream that may be held
  // (http::Body::hold).
  std::int64_t body_bytes_max = 4 << 20;
  const BodyObserver* observer = nullptr;  // for streams; owned by a shared_ptr
  // Receives the time spent waiting for the client's bytes, until exchange() returns.
  Duration* client_time = nullptr;
  http::InterimSink* interim = nullptr;  // receives the interim responses; null: they are dropped
  // The holder of the response's body; a part beyond its limit is streamed. Null: no holder.
  std::shared_ptr<MemoryHolder> memory{};
};

struct ClientOptions {
  IdleLimits idle{};
  ConnectorOptions connector{};
  Duration silence_max = std::chrono::minutes(1);     // of a backend whose turn it is
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
  // HTTP/2 connections continue until their last exchange is over.
  ~Client();

  // Sends `request` and fills `response`. If a kept connection fails before any byte of a response,
  // a repeatable request (idempotent, its body whole) is sent once more. If the backend refuses the
  // request unprocessed, it is sent up to three more times. A request that finds no HTTP/2
  // connection waits for connections that are being set up, if they will have enough streams. A
  // streamed request body is taken from the request. A streamed response body owns its connection
  // and counts as in flight until its end has been read. Dropping it early closes the connection.
  // The Failure names the stage; blame_of() tells the side at fault. Requires: all arguments
  // outlive the call.
  [[nodiscard]] Task<Outcome<void>> exchange(const Call& call, http::Request& request,
                                             http::Response& response);
  // Returns the number of idle HTTP/1.1 connections.
  [[nodiscard]] std::size_t idle() const { return idle_->idle(); }

 private:
  // `since`: the time at which a kept connection failed. Connections that were idle then may be as
  // old, and are skipped. kAnyAge: none failed.
  static constexpr TimePoint kAnyAge = TimePoint::min();
  [[nodiscard]] Task<Outcome<std::unique_ptr<Channel>>> open(const Call& call, TimePoint since);
  [[nodiscard]] std::unique_ptr<Channel> take_kept(std::size_t server, TimePoint since);
  [[nodiscard]] std::unique_ptr<Channel> take_stream(std::size_t server, TimePoint since);
  [[nodiscard]] Task<Outcome<std::unique_ptr<Channel>>> connect(const Call& call,
                                                                ConnectionGate::Pass pass);
  [[nodiscard]] std::unique_ptr<Channel> begin_http2(std::size_t server,
                                                     Connector::Connected connected,
                                                     ConnectionGate::Pass pass,
                                                     H2Server::SetUp set_up);
  [[nodiscard]] Task<Outcome<std::unique_ptr<Channel>>> queue_up(const Call& call, TimePoint since);
  [[nodiscard]] Task<Outcome<void>> finish(const Call& call, std::unique_ptr<Channel> channel,
                                           std::string_view method, http::Response& response);

  [[nodiscard]] http::Body stream(const Call& call, std::unique_ptr<Channel> channel,
                                  std::string first, int status) const;

  const loop::Core& core_;
  [[no_unique_address]] loop::OnCore on_core_;
  std::shared_ptr<const Servers> servers_;
  ServerStates states_;
  Duration queue_timeout_;
  Duration silence_max_;
  Duration idle_for_max_;
  std::vector<std::unique_ptr<Connector>> connectors_;
  std::vector<std::shared_ptr<H2Server>> h2_;  // one per server
  // Streamed bodies return their connections to it while it exists.
  std::shared_ptr<IdleConnections> idle_;
};

}  // namespace sluice::backend
