// SPDX-License-Identifier: Apache-2.0
// Listener: a bound, listening TCP socket that belongs to no loop yet. Control opens it, and can
// report an unavailable port before any worker changes. Acceptor: accepts its connections on a
// loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/descriptor.h"
#include "base/result.h"
#include "loop/event_loop.h"
#include "loop/task.h"
#include "net/stream.h"

namespace sluice::net {

inline constexpr int kBacklog = 4096;

struct ListenOptions {
  // Several Listeners of this process (one per core) may share the port; the kernel spreads the
  // connections over them. Another process of the same user could share the port too: see probe().
  bool reuse_port = true;
  int backlog = kBacklog;  // connections, capped by net.core.somaxconn
};

class Listener {
 public:
  // `address`: an IP literal, or "" for all addresses (IPv6 and IPv4; IPv4 only on a machine
  // without IPv6). Port 0: any free port. Errors: `conflict` (another process has the port),
  // `invalid` (no IP literal, or no address of this machine), `internal`. Any thread.
  [[nodiscard]] static Result<Listener> open(std::string_view address, std::uint16_t port,
                                             ListenOptions options = {});
  // Returns an error if this process cannot have the port for itself (`conflict`: "port 10080 is
  // taken by another process"). Requires: no Listener of this process has the port open. Any
  // thread.
  [[nodiscard]] static Result<void> probe(std::string_view address, std::uint16_t port);

  // Takes over a listening socket that another process has opened, and asks it for its port.
  [[nodiscard]] static Listener adopt(int descriptor);
  // Returns a second descriptor of the same socket, closed by exec. Connections are queued for
  // both. Error: `unavailable` (the process is out of descriptors).
  [[nodiscard]] Result<Listener> duplicate() const;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] int descriptor() const { return descriptor_.get(); }
  // Returns the descriptor. The caller closes it.
  [[nodiscard]] int release() { return descriptor_.release(); }

 private:
  Listener(Descriptor descriptor, std::uint16_t port)
      : descriptor_(std::move(descriptor)), port_(port) {}
  Descriptor descriptor_;
  std::uint16_t port_ = 0;
};

// Core-bound. Destroying it is close().
class Acceptor {
 public:
  // Requires: `loop` outlives this.
  Acceptor(loop::EventLoop& loop, Listener listener);
  Acceptor(Acceptor&&) noexcept;
  ~Acceptor();

  // Returns the next connection. Errors: `closed` after close(); `unavailable` if the process or
  // the system is out of descriptors or memory: accept() has paused already, so log it and call
  // again. Requires: one call at a time.
  [[nodiscard]] Task<Result<std::unique_ptr<Stream>>> accept();
  // A connection is late if its client has waited in the kernel's queue for longer than `patience`,
  // since it sent something or else since it connected. A late connection is closed unread with the
  // answer of `on_late` ("": no bytes), and accept() does not return it. If `on_late` returns
  // nullopt, the connection is accepted like any other: no process may have been there to accept
  // it. Duration::max(), the default: no connection is late.
  void set_patience(Duration patience, std::function<std::optional<std::string>()> on_late);
  // Sets how many connections are accepted in a row before other work of the loop runs; > 0.
  void set_batch(int connections);
  static constexpr int kBatch = 16;
  // Sets the backlog, capped by net.core.somaxconn. Connections queued already stay. A client whose
  // SYN is not answered retries after a second.
  void set_backlog(int connections);
  // Ends a pending accept(). Connections in the kernel's queue are reset, unless the socket has
  // another descriptor.
  void close();
  // Like close(), but accept() first returns the connections queued by now, then `closed`.
  void finish();
  [[nodiscard]] std::uint16_t port() const;

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace sluice::net
