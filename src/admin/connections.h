// SPDX-License-Identifier: Apache-2.0
// ApiConnections: those of the API, their number, and how long each may wait for its client.
// Core-bound, on the loop of the API.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <unordered_set>

#include "admin/access.h"
#include "admin/service.h"
#include "base/published.h"
#include "loop/event_loop.h"
#include "loop/link.h"

namespace sluice::admin {

// The time that a client has.
struct Patience {
  // From the first byte to the end of the head of a request. The first request of a connection:
  // from the connection on, with the TLS handshake. An unauthenticated client holds a connection no
  // longer.
  Duration head = std::chrono::seconds(15);
  Duration idle = std::chrono::seconds(5);   // between two requests
  Duration body = std::chrono::seconds(30);  // between two pieces of a body
  // For a client that does not read. Long, because a user may page through a listing.
  Duration write = std::chrono::minutes(10);
};

class ApiConnections {
 public:
  // Beyond this number, a new connection ends the one that has waited for its client for longest,
  // first of those that carry no call of an admitted caller.
  static constexpr std::size_t kConnectionsMax = 512;

  // Requires: all arguments outlive this.
  ApiConnections(loop::EventLoop& loop, Service& service, const Published<AccessControl>& access,
                 Patience patience, std::size_t connections_max);
  ApiConnections(const ApiConnections&) = delete;
  ApiConnections& operator=(const ApiConnections&) = delete;

  // A connection. As a Link, it is in the list of those that wait for their clients, while it does.
  class OpenConnection : public loop::Link {
   public:
    // Ends the connection soon: at once if it waits for its client or streams, else after a
    // response that the client reads soon.
    virtual void stop() = 0;
    // Ends the connection if it is idle between two requests.
    virtual void retire() = 0;
    // Ends the connection at once. It leaves only later, from the loop.
    virtual void cut() = 0;
    // True from the proof of a caller to the end of its call.
    [[nodiscard]] virtual bool in_admitted_call() const = 0;

   protected:
    ~OpenConnection() = default;
  };

  // Returns false if there is no place for one more connection.
  [[nodiscard]] bool make_place();
  void enter(OpenConnection& connection) { all_.insert(&connection); }
  void leave(OpenConnection& connection);
  // The client of `connection` is waited for from now on, until it is unlinked.
  void note_silent(OpenConnection& connection) {
    loop::Link& list = connection.in_admitted_call() ? silent_admitted_ : silent_;
    connection.insert_behind(*list.before);
  }

  // Ends the connections that are idle between two requests: they began under another
  // AccessControl.
  void retire();
  // Ends all connections soon, and calls `ended` after the last.
  void stop(std::function<void()> ended);

  [[nodiscard]] loop::EventLoop& loop() { return loop_; }
  [[nodiscard]] Service& service() { return service_; }
  [[nodiscard]] std::shared_ptr<const AccessControl> access() const { return access_.load(); }
  [[nodiscard]] const Patience& patience() const { return patience_; }
  [[nodiscard]] bool stopping() const { return static_cast<bool>(ended_); }

 private:
  loop::EventLoop& loop_;
  Service& service_;
  const Published<AccessControl>& access_;
  const Patience patience_;
  const std::size_t connections_max_;
  std::unordered_set<OpenConnection*> all_;
  // Those that wait for their clients, in the order of time.
  loop::Link silent_;
  loop::Link silent_admitted_;  // in calls of admitted callers
  std::function<void()> ended_;
};

}  // namespace sluice::admin
