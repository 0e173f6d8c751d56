// SPDX-License-Identifier: Apache-2.0
// Connections: the open connections of one HTTPServer on one core. Idle ones give back memory, the
// longest idle first, and can be closed without harm. Core-bound.
//
// Invariant: a connection is in exactly one of three lists. active_: busy, or idle without anything
// left to give back. idle_lately_: idle, with all its memory. idle_longer_: idle, without buffers.
// The idle lists are in the order in which their connections became idle.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <vector>

#include "base/memory_budget.h"
#include "net/stream.h"
#include "server/snapshot.h"

namespace sluice::server {

class Connections {
 public:
  class Member;

  // A connection that can tell its client to continue on another one.
  class Retirable {
   public:
    virtual ~Retirable() = default;
    // Requires: the call does not end the connection.
    virtual void retire() = 0;
  };

  // The memory that an idle connection gives back: `buffers` when many connections have become idle
  // after it, `everything` that only a request needs after one or two seconds of idleness.
  enum class Rest { buffers, everything };

  // `memory` is the account of the core, `first` the first generation. Requires: `memory` outlives
  // this and all its members.
  Connections(MemoryAccount& memory, const ServerPrototype& first);
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  [[nodiscard]] std::size_t size() const {
    return active_.size() + idle_lately_.size() + idle_longer_.size();
  }

  // Applies a new generation. Ends connections and tunnels that it would not admit; busy ones end
  // after their current response. Checks made with each request are not repeated here.
  void update(const ServerPrototype& next);
  // Called once a second. Lets idle connections rest. Returns how many came to rest or closed since
  // the last call.
  std::size_t tick();
  // Closes up to kIdleClosedAtOnceMax idle connections for lack of memory. Returns how many. Calls
  // `count` before each: a client that sees the end finds it in the counters.
  std::size_t shed_idle(const std::function<void()>& count = {});
  // Closes idle connections, except those that can retire.
  void close_idle();
  // Tells the connections that can retire to do so.
  void retire();
  void close_all();

  // The connections of one core that keep the buffers of their last request.
  static constexpr std::size_t kIdleLatelyMax = 512;
  // This many take a few milliseconds. The rest follow at the next tick, a second later.
  static constexpr std::size_t kRestsAtOnceMax = 1000;
  // The idle connections that one tick closes when memory is short.
  static constexpr std::size_t kIdleClosedAtOnceMax = 1000;

 private:
  struct Listed {
    net::Stream* stream;
    std::list<Listed>* list;
    bool idle = true;
    bool keep = false;  // memory pressure does not close it
    unsigned idle_since = 0;
    std::function<void(Rest)> rest{};
    std::function<bool(const ServerPrototype&)> may_stay{};
    std::shared_ptr<const Admission> shown{};
    bool superseded = false;
    Retirable* retirable = nullptr;
  };
  void rest_first(Rest what);
  [[nodiscard]] std::vector<Listed*> entries();

  MemoryAccount& memory_;
  std::shared_ptr<const Admission> demanded_;  // of a connection that requests anything
  std::size_t connection_memory_;
  std::list<Listed> active_;
  std::list<Listed> idle_lately_;
  std::list<Listed> idle_longer_;
  unsigned ticks_ = 0;
  std::size_t given_back_ = 0;  // connections that rest or have closed
};

// A connection among those of its server; the Task of the connection holds it.
class Connections::Member {
 public:
  // The connection is idle at first. Requires: `connections` and `stream` outlive this.
  Member(Connections& connections, net::Stream& stream);
  ~Member();
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  // The memory holder of the connection. May outlive this object.
  [[nodiscard]] const std::shared_ptr<MemoryHolder>& memory() const { return memory_; }
  // Charges `bytes` more for the state of the connection itself.
  void add_state(std::size_t bytes) { state_.set(state_.bytes() + bytes); }
  // Marks the connection as between two requests: it may be closed without harm.
  void set_idle(bool idle);
  // Marks an idle connection that only a drain may close: a tunnel.
  void set_kept() { entry_->keep = true; }
  // Sets the function with which an idle connection gives back memory. It may be called more than
  // once for one request. Null: none.
  void on_rest(std::function<void(Rest)> rest) { entry_->rest = std::move(rest); }
  // The connection continues over `stream`.
  void set_stream(net::Stream& stream) { entry_->stream = &stream; }
  // Sets the admission that the client has shown or is about to show. Until then, nothing was
  // required of it.
  void admit(std::shared_ptr<const Admission> shown);
  // True if the current configuration requires more than the client has shown: serve no further
  // request.
  [[nodiscard]] bool superseded() const { return entry_->superseded; }
  // Sets the check of a tunnel: whether its client may keep it. Called with every update.
  void on_update(std::function<bool(const ServerPrototype&)> may_stay) {
    entry_->may_stay = std::move(may_stay);
  }
  // `retirable` is told to retire, instead of being closed or left alone. Null: none.
  void set_retirable(Retirable* retirable) { entry_->retirable = retirable; }

 private:
  Connections& connections_;
  std::list<Listed>::iterator entry_;
  std::shared_ptr<MemoryHolder> memory_;
  MemoryCharge state_;
};

}  // namespace sluice::server
