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

  // A request has come at `now` that has waited for this core for `waited`. True: for too long
  // (overload.target), so that it is answered 503 unless its user is known.
  [[nodiscard]] bool note_request(TimePoint now, Duration waited) {
    longest_wait_ = std::max(longest_wait_, waited);
    if (waited < overload_target_) [[likely]]
      return false;
    note_late(now);
    return true;
  }
  // One has waited for too long within the last second.
  [[nodiscard]] bool overloaded(TimePoint now) const {
    return late_at_ != TimePoint::min() && now - late_at_ < OverloadCells::kMemory;
  }
  // How long a request of a client may wait before newer ones go first: of one that is known, it is
  // work at hand (net::Stream::set_patience).
  [[nodiscard]] Duration patience(bool known) const {
    return known ? net::Stream::kAtHand : overload_target_;
  }
  // Of a response to a request that was shed, in seconds: so spread that not all who were refused
  // come again at once.
  [[nodiscard]] std::int64_t retry_after();

  // Takes the listeners over; empty: none. Earlier ones are closed; their connections go on.
  void listen(std::vector<net::Listener> listeners);
  // Serves what another process has accepted for what it has `shown`.
  void adopt(std::unique_ptr<net::Stream> stream, Admission shown);
  // No new connections, those apart that the kernel has queued by now; idle ones are closed, busy
  // ones after the responses at hand. Has no effect when it is called again.
  void drain();
  // No new connections; clients are told with their next response to go on over another one. None
  // is closed.
  void retire();
  // Ends what is left.
  void close_all();
  [[nodiscard]] bool draining() const { return draining_; }
  // Connections are to end after the response at hand.
  [[nodiscard]] bool leaving() const { return draining_ || retiring_; }
  [[nodiscard]] std::size_t connection_count() const {
    return connections_.size() + idle_lately_.size() + idle_longer_.size();
  }
  // Once a second. Returns how many connections have come to rest or closed since the last time.
  std::size_t tick();

  // A connection that can tell its client to go on over another one.
  class Retirable {
   public:
    virtual ~Retirable() = default;
    // Does not end the connection during the call.
    virtual void retire() = 0;
  };

  // A connection's entry in the list; its Task holds it.
  class Membership {
   public:
    Membership(CoreServer& server, net::Stream& stream);
    ~Membership();
    Membership(const Membership&) = delete;
    Membership& operator=(const Membership&) = delete;
    // What the connection holds. May outlive this.
    [[nodiscard]] const std::shared_ptr<MemoryHolder>& memory() const { return memory_; }
    // The state of the connection itself takes `bytes` more.
    void add_state(std::size_t bytes) { state_.set(state_.bytes() + bytes); }
    // Between two requests: may be closed without harm.
    void set_idle(bool idle);
    // Idle, but closing it would do harm as long as the server goes on: a tunnel.
    void set_kept() { place_->keep = true; }
    // An idle connection gives back the memory that only a request needs: its buffers when many
    // have become idle after it, everything when it has been idle for a second or two. Both may
    // come more than once. Null: nothing does.
    enum class Rest { buffers, everything };
    void on_rest(std::function<void(Rest)> rest) { place_->rest = std::move(rest); }
    // The connection goes on over `stream`.
    void set_stream(net::Stream& stream) { place_->stream = &stream; }
    // What the client has shown, or is about to show. Without it, it has not been asked yet.
    void admit(std::shared_ptr<const Admission> shown);
    // More is asked for by now: no further request is served.
    [[nodiscard]] bool superseded() const { return place_->superseded; }
    // Of a tunnel: whether its client may still have it; asked with every update.
    void on_update(std::function<bool(const ServerPrototype&)> may_stay) {
      place_->may_stay = std::move(may_stay);
    }
    // Is told instead of being closed or left alone; null: no more.
    void set_retirable(Retirable* retirable) { place_->retirable = retirable; }

   private:
    friend class CoreServer;
    struct Entry {
      net::Stream* stream;
      std::list<Entry>* list;
      bool idle = true;
      bool keep = false;  // not to be closed for want of memory
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
  // With a place of maxConnections taken.
  static Task<void> admit(std::shared_ptr<CoreServer> self, std::unique_ptr<net::Stream> stream);
  static Task<void> close_silent(std::shared_ptr<CoreServer> self);
  // False: the client left before there was a place, or the server is to end.
  Task<bool> await_place(net::Stream& stream);
  // Refuses by a limit of the client's address. `taken`: what is held of it.
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
  // Idle for less than two ticks, in the order in which they became so; the longer ones without
  // buffers.
  std::list<Membership::Entry> idle_lately_;
  std::list<Membership::Entry> idle_longer_;
  unsigned ticks_ = 0;
  std::size_t given_back_ = 0;  // connections that rest or have closed
  Duration overload_target_;
  Duration longest_wait_{};  // of a request since the last tick
  TimePoint late_at_ = TimePoint::min();
  unsigned accepted_ = 0;  // connections since the last tick
  int backlog_ = net::kBacklog;
  std::uint64_t retries_ = 0;
  bool draining_ = false;
  bool retiring_ = false;
};

}  // namespace sluice::server
