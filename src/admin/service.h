// SPDX-License-Identifier: Apache-2.0
// Service: answers the requests of all connections: who calls, which route, its handler on a thread
// that may block, and the bounds on what goes on at once. Core-bound, on the loop of the API.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>

#include "admin/access.h"
#include "admin/router.h"
#include "admin/threads.h"
#include "base/log.h"
#include "http/message.h"
#include "loop/event_loop.h"
#include "loop/task.h"

namespace sluice::admin {

class Service {
 public:
  // A change waits for URLs and guests, an upload for its commit, and a download for its client:
  // each may hold a thread for long. The other threads serve short calls.
  static constexpr int kChangesMax = 44;
  static constexpr int kUploadsMax = 12;
  static constexpr int kStreamsMax = 12;
  static_assert(kChangesMax + kUploadsMax + kStreamsMax + 12 <=
                static_cast<int>(Threads::kThreads));
  // The bodies of all calls that are held whole, together.
  static constexpr std::size_t kBodiesBytesMax = kChangesMax * kBodyBytesMax;

  // `config_version` is the X-Config-Version of every response. Requires: `router`, `loop` and
  // `threads` outlive this.
  Service(const Router& router, Logger logger, std::function<std::string()> config_version,
          loop::EventLoop& loop, Threads& threads);
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  struct Answer {
    http::Response response;
    bool admitted;  // the caller has proved who it is
  };
  // Reads the body of `request` as far as it has to. Requires: all arguments outlive the call.
  Task<Answer> answer(http::Request& request, const Client& client, const Access& access);
  // The response to bytes that are no request.
  [[nodiscard]] http::Response refuse(int status, std::string_view reason);
  [[nodiscard]] const Logger& logger() const { return logger_; }

 private:
  Task<std::expected<Identity, Response>> admit(const http::Request& request, const Client& client,
                                                Credentials& credentials);
  Task<Response> respond(http::Request& request, const Identity& caller);
  Task<Response> handle(const Match& match, Request& call, http::Body& body);
  Task<Response> take_in(const Match& match, const Request& call, http::Body& body);
  Task<Result<std::string>> read_whole(http::Body& body, std::size_t bytes_max, std::size_t& held);
  // Runs `work` on a thread. An exception becomes an error `internal`.
  template <class T>
  Task<Result<T>> block(Threads::Kind kind, std::function<Result<T>()> work);
  [[nodiscard]] Response bounded(Response response);
  [[nodiscard]] http::Response finish(Response response);
  void log(const http::Request& request, const std::expected<Identity, Response>& caller,
           bool demanded, int status, TimePoint begin) const;

  const Router& router_;
  const Logger logger_;
  const std::function<std::string()> config_version_;
  loop::EventLoop& loop_;
  Threads& threads_;
  std::size_t held_bytes_ = 0;  // of bodies
  // Given back by the threads, too.
  std::atomic<int> changes_ = 0;
  std::atomic<int> uploads_ = 0;
  std::atomic<int> streams_ = 0;
};

}  // namespace sluice::admin
