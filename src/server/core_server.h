// SPDX-License-Identifier: Apache-2.0
// CoreServer: one HTTPServer on one core. Accepts connections and keeps track of them. Owned by the
// Worker and by its connections; everything happens on the core's thread.
#pragma once

#include <algorithm>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "base/memory_budget.h"
#include "net/listener.h"
#include "net/stream.h"
#include "server/snapshot.h"

namespace sluice::server {

class Worker;

class CoreServer : public std::enable_shared_from_this<CoreServer> {
 public:
  CoreServer(Worker& worker, std::shared_ptr<const ServerPrototype> prototype)
      : worker_(worker),
        prototype_(std::move(prototype)),
        overload_target_(prototype_->spec.overload.target) {}

  [[nodiscard]] Worker& worker() const { return worker_; }
  // The generation that the next request uses.
  [[nodiscard]] const std::shared_ptr<const ServerPrototype>& prototype() const {
    return prototype_;
  }
  void update(std::shared_ptr<const ServerPrototype> prototype);

  // Records that a request arrived at `now` after waiting for this core for `waited`. Returns true
  // if it is late (overload.target): it is answered 503 unless its user is known.
  [[nodiscard]] bool note_request(TimePoint now, Duration waited) {
    longest_wait_ = std::max(longest_wait_, waited);
    if (waited < overload_target_) [[likely]]
      return false;
    note_late(now);
    return true;
  }
  // True if a request was late within the last second.
  [[nodiscard]] bool overloaded(TimePoint now) const {
    return late_at_ != TimePoint::min() && now - late_at_ < OverloadCells::kMemory;
  }
  // Returns how long a client's request may wait before newer ones overtake it. A known client's
  // request counts as work in progress (net::Stream::set_patience).
  [[nodiscard]] Duration patience(bool known) const {
    return known ? net::Stream::kAtHand : overload_target_;
  }
  // Returns the Retry-After of a shed request, in seconds. The values are spread, so that the
  // refused clients do not all return at once.
  [[nodiscard]] std::int64_t retry_after();

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
  [[nodiscard]] bool draining() const { return draining_; }
  // True if connections end after their current response.
  [[nodiscard]] bool leaving() const { return draining_ || retiring_; }
  [[nodiscard]] std::size_t connection_count() const {
    return connections_.size() + idle_lately_.size() + idle_longer_.size();
  }
  // Called once a second. Returns how many connections came to rest or closed since the last call.
  std::size_t tick();

  // A connection that can tell its client to continue on another one.
  class Retirable {
   public:
    virtual ~Retirable() = default;
    // Requires: the call does not end the connection.
    virtual void retire() = 0;
  };

  // A connection's entry in the list; its Task holds it.
  class Membership {
   public:
    Membership(CoreServer& server, net::Stream& stream);
    ~Membership();
    Membership(const Membership&) = delete;
    Membership& operator=(const Membership&) = delete;
    // The memory holder of the connection. May outlive this object.
    [[nodiscard]] const std::shared_ptr<MemoryHolder>& memory() const { return memory_; }
    // Charges `bytes` more for the state of the connection itself.
    void add_state(std::size_t bytes) { state_.set(state_.bytes() + bytes); }
    // Marks the connection as between two requests: it may be closed without harm.
    void set_idle(bool idle);
    // Marks an idle connection that only a drain may close: a tunnel.
    void set_kept() { place_->keep = true; }
    // Sets the function with which an idle connection gives back the memory that only a request
    // needs: `buffers` when many connections have become idle after it, `everything` after one or
    // two seconds of idleness. Both may be called more than once. Null: none.
    enum class Rest { buffers, everything };
    void on_rest(std::function<void(Rest)> rest) { place_->rest = std::move(rest); }
    // The connection continues over `stream`.
    void set_stream(net::Stream& stream) { place_->stream = &stream; }
    // Sets the admission that the client has shown or is about to show. Until then, nothing was
    // required of it.
    void admit(std::shared_ptr<const Admission> shown);
    // True if the current configuration requires more than the client has shown: serve no further
    // request.
    [[nodiscard]] bool superseded() const { return place_->superseded; }
    // Sets the check of a tunnel: whether its client may keep it. Called with every update.
    void on_update(std::function<bool(const ServerPrototype&)> may_stay) {
      place_->may_stay = std::move(may_stay);
    }
    // `retirable` is told to retire, instead of being closed or left alone. Null: none.
    void set_retirable(Retirable* retirable) { place_->retirable = retirable; }

   private:
    friend class CoreServer;
    struct Entry {
      net::Stream* stream;
      std::list<Entry>* list;
      bool idle = true;
      bool keep = false;  // memory pressure does not close it
      unsigned idle_since = 0;
      std::function<void(Rest)> rest{};
      std::function<bool(const ServerPrototype&)> may_stay{};
      std::shared_ptr<const Admission> shown{};
      bool superseded = false;
      Retirable* retirable = nullptr;
    };
    void move_to(std::list<Entry>& list);
    CoreServer& server_;
    std::list<Entry>::iterator place_;
    std::shared_ptr<MemoryHolder> memory_;
    MemoryCharge state_;
  };

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
  [[nodiscard]] bool admit_client(const net::Stream& stream,
                                  std::optional<ClientTable::Held>& taken);
  [[nodiscard]] bool admit_handshake(const net::Stream& stream);
  [[nodiscard]] bool is_trusted_proxy(const net::Stream& stream) const;
  void refuse(observe::Limit limit);
  void shed_idle();
  void stop_accepting();
  void note_late(TimePoint now);
  [[nodiscard]] std::optional<std::string> late_answer();
  void set_patience(net::Acceptor& acceptor);
  void pace_accepting();
  void close_idle();
  void end_superseded();
  void retire_all();
  void rest_first(Membership::Rest what);
  [[nodiscard]] std::vector<Membership::Entry*> entries();

  Worker& worker_;
  std::shared_ptr<const ServerPrototype> prototype_;
  std::vector<std::shared_ptr<net::Acceptor>> acceptors_;
  std::list<Membership::Entry> connections_;
  // Connections idle for less than two ticks, in the order in which they became idle. Those in
  // idle_longer_ have no buffers.
  std::list<Membership::Entry> idle_lately_;
  std::list<Membership::Entry> idle_longer_;
  unsigned ticks_ = 0;
  std::size_t given_back_ = 0;  // connections that rest or have closed
  Duration overload_target_;
  Duration longest_wait_{};  // the longest of a request since the last tick
  TimePoint late_at_ = TimePoint::min();
  unsigned accepted_ = 0;  // connections since the last tick
  int backlog_ = net::kBacklog;
  std::uint64_t retries_ = 0;
  bool draining_ = false;
  bool retiring_ = false;
};

}  // namespace sluice::server
