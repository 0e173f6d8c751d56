// SPDX-License-Identifier: Apache-2.0
// Listener: a bound, listening TCP socket that belongs to no loop yet, so that control can report a
// port that cannot be had before any worker changes. Acceptor: takes it to a loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "loop/event_loop.h"
#include "loop/task.h"
#include "net/stream.h"

namespace sluice::net {

inline constexpr int kBacklog = 4096;

struct ListenOptions {
  // Several Listeners of this process (one per core) may share the port; the kernel spreads the
  // connections over them. Another process of the same user could share it too: see probe().
  bool reuse_port = true;
  int backlog = kBacklog;  // capped by net.core.somaxconn
};

class Listener {
 public:
  // `address`: an IP literal, or "" for all addresses (IPv6 and IPv4; IPv4 alone where there is no
  // IPv6). Port 0: any free one. Any thread.
  [[nodiscard]] static Result<Listener> open(std::string_view address, std::uint16_t port,
                                             ListenOptions options = {});
  // An error (`conflict`: "port 10080 is taken by another process") if the port cannot be had for
  // this process alone. Call it before the first open() of a port. Any thread.
  [[nodiscard]] static Result<void> probe(std::string_view address, std::uint16_t port);

  // Takes over a listening socket that another process has opened.
  [[nodiscard]] static Listener adopt(int descriptor);
  // A second descriptor of the same socket, closed by exec: connections queue for both.
  [[nodiscard]] Result<Listener> duplicate() const;

  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&& other) noexcept;
  ~Listener();

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] int descriptor() const { return descriptor_; }
  // The descriptor; the caller closes it.
  [[nodiscard]] int release() { return std::exchange(descriptor_, -1); }

 private:
  Listener(int descriptor, std::uint16_t port) : descriptor_(descriptor), port_(port) {}
  int descriptor_ = -1;
  std::uint16_t port_ = 0;
};

// Core-bound.
class Acceptor {
 public:
  Acceptor(loop::EventLoop& loop, Listener listener);
  Acceptor(Acceptor&&) noexcept;
  ~Acceptor();

  // The next connection. Errors: `closed` after close(); `unavailable` if the process or the system
  // is out of descriptors or memory: it has waited a moment already, so log it and call again.
  // One call at a time.
  [[nodiscard]] Task<Result<std::unique_ptr<Stream>>> accept();
  // Of a connection whose client has waited in the kernel's queue for longer than `patience` since
  // it sent something, or since it connected if it has not, `on_late` is asked for an answer: it
  // gets that, "" for none, and is closed, unread; accept() does not return it. Without an answer
  // it is accepted like any other: nobody may have been there to accept it. Duration::max(), as in
  // the beginning: none is late.
  void set_patience(Duration patience, std::function<std::optional<std::string>()> on_late);
  // How many connections are taken in a row before the loop's other work has its turn; > 0.
  void set_batch(int connections);
  static constexpr int kBatch = 16;
  // How many connections the kernel keeps for accept(); capped by net.core.somaxconn. Those that it
  // keeps already stay; a client whose SYN it does not answer tries again after a second.
  void set_backlog(int connections);
  // Ends a pending accept(). Connections that the kernel has queued are reset, unless the socket
  // has another descriptor.
  void close();
  // As close(), but accept() first returns the connections that the kernel has queued by now, then
  // `closed`.
  void finish();
  [[nodiscard]] std::uint16_t port() const;

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace sluice::net
