// SPDX-License-Identifier: Apache-2.0
// CoreServer: one HTTPServer on one core. Accepts connections and ends them. Owned by the Worker
// and by its connections; everything happens on the core's thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "loop/on_core.h"
#include "loop/task.h"
#include "net/listener.h"
#include "net/stream.h"
#include "server/connections.h"
#include "server/overload_notes.h"
#include "server/peer_info.h"
#include "server/places_notes.h"
#include "server/server_context.h"

namespace sluice::server {

class CoreServer : public std::enable_shared_from_this<CoreServer> {
 public:
  // Requires: `core` outlives this.
  CoreServer(CoreContext& core, std::shared_ptr<const ServerPrototype> prototype);

  void update(std::shared_ptr<const ServerPrototype> prototype);

  // Takes over the listeners; an empty list means none. Closes earlier listeners; their connections
  // stay open.
  void listen(std::vector<net::Listener> listeners);
  // Serves a connection that another process has accepted. `shown` is its admission.
  void adopt(std::unique_ptr<net::Stream> stream, Admission shown);
  // Drains: accepts only the connections that the kernel has queued by now, closes idle
  // connections, and closes busy ones after their current response. Idempotent.
  void drain();
  // Stops accepting. Each client is told with its next response to continue on another connection.
  // No connection is closed.
  void retire();
  // Closes the remaining connections.
  void close_all();
  [[nodiscard]] std::size_t connection_count() const { return connections_.size(); }
  // Called once a second. Returns how many connections came to rest or closed since the last call.
  std::size_t tick();

 private:
  static Task<void> accept_loop(std::shared_ptr<CoreServer> self,
                                std::shared_ptr<net::Acceptor> acceptor);
  Task<bool> accept_proxied(net::Stream& stream);
  static Task<void> serve_adopted(std::shared_ptr<CoreServer> self,
                                  std::unique_ptr<net::Stream> stream, Admission shown);
  // Requires: the connection has a place of maxConnections.
  static Task<void> admit(std::shared_ptr<CoreServer> self, std::unique_ptr<net::Stream> stream);
  static Task<void> close_silent(std::shared_ptr<CoreServer> self);
  // Returns false if the client left before a place was free, or if the server drains.
  Task<bool> await_place(net::Stream& stream);
  // Applies the limits of the client's address. `taken` receives the counts it holds.
  [[nodiscard]] bool admit_client(const PeerInfo& peer, std::optional<ClientTable::Held>& taken);
  [[nodiscard]] bool admit_handshake(const PeerInfo& peer);
  [[nodiscard]] bool is_trusted_proxy(const PeerInfo& peer) const;
  void stop_accepting();
  [[nodiscard]] std::optional<std::string> late_answer();
  void set_patience(net::Acceptor& acceptor);
  void pace_accepting();
  // Wakes those who wait for a place: there may be more places, or the server drains.
  void wake_waiters();
  [[nodiscard]] CoreContext& core() const { return context_.core(); }
  [[nodiscard]] loop::EventLoop& loop() const { return core().loop(); }
  [[nodiscard]] const ServerPrototype& prototype() const { return *context_.prototype(); }
  [[nodiscard]] OverloadSums overload_sums() const;
  [[nodiscard]] const HttpServerSpec& spec() const { return prototype().spec; }

  [[no_unique_address]] loop::OnCore on_core_;
  ServerContext context_;
  Connections connections_;
  std::vector<std::shared_ptr<net::Acceptor>> acceptors_;
  unsigned accepted_ = 0;  // connections since the last tick
  int backlog_ = net::kBacklog;
  // Of all cores, on the first one.
  std::optional<OverloadNotes> overload_notes_;
  PlacesNotes places_notes_;
};

}  // namespace sluice::server
