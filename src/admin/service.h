// SPDX-License-Identifier: Apache-2.0
// Service: answers the requests of all connections: who calls, which route, its handler on a thread
// that may block, and the bounds on what goes on at once. Core-bound, on the loop of the API.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
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

class Health;

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
  // Answers that are made whole, and that their clients have not read yet; further large ones get
  // 503. A small one always goes.
  static constexpr std::size_t kAnswersBytesMax = std::size_t{64} << 20;
  static constexpr std::size_t kSmallAnswerBytes = std::size_t{64} << 10;

  struct Sources {
    std::function<std::string()> config_version;  // X-Config-Version of every response; empty: none
    std::shared_ptr<const Health> health;         // null: no probes
  };
  // Requires: `router`, `loop` and `threads` outlive this.
  Service(const ApiRouter& router, Logger logger, Sources sources, loop::EventLoop& loop,
          Threads& threads);
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // The connection reads these facts about a call.
  struct CallTerms {
    bool admitted = false;                     // the caller has proved who it is
    std::optional<Duration> write_patience{};  // ApiResponse::write_patience
    bool endless = false;                      // the body goes on until somebody ends it
  };
  // Reads the body of `request` as far as it has to. Sets `terms.admitted` before the body is read.
  // Requires: all arguments outlive the call.
  Task<http::Response> answer(http::Request& request, const Peer& client,
                              const AccessControl& access, CallTerms& terms);
  // True if the caller of `request` would be admitted under `access`, which has come into force
  // since.
  Task<bool> is_still_admitted(const http::Request& request, const Peer& client,
                               const AccessControl& access);
  // The response to bytes that are no request.
  [[nodiscard]] http::Response refuse(int status, std::string_view reason);
  [[nodiscard]] const Logger& logger() const { return logger_; }

 private:
  // The answer to a probe of the process, for everybody.
  Task<ApiResponse> probe(const http::Request& request);
  Task<std::expected<Identity, ApiResponse>> admit(const http::Request& request, const Peer& client,
                                                   Credentials& credentials);
  Task<ApiResponse> respond(http::Request& request, const Identity& caller,
                            const std::string& address);
  Task<ApiResponse> handle(const RouteMatch& match, ApiRequest& call, http::Body& body);
  Task<ApiResponse> take_in(const RouteMatch& match, const ApiRequest& call, http::Body& body);
  Task<Result<std::string>> read_whole(http::Body& body, std::size_t bytes_max, std::size_t& held);
  // Runs `work` on a thread. An exception becomes an error `internal`.
  template <class T>
  Task<Result<T>> block(Threads::WorkClass kind, std::function<Result<T>()> work);
  [[nodiscard]] ApiResponse bounded(ApiResponse response);
  [[nodiscard]] http::Response finish(ApiResponse response);
  [[nodiscard]] std::shared_ptr<const std::string> counted(std::string text);
  void log(const http::Request& request, const std::expected<Identity, ApiResponse>& caller,
           bool demanded, int status, TimePoint begin) const;

  const ApiRouter& router_;
  const Logger logger_;
  const Sources sources_;
  loop::EventLoop& loop_;
  Threads& threads_;
  std::size_t held_bytes_ = 0;  // of bodies
  // Of large answers that are on their way. They outlive the calls, and at the end this.
  std::shared_ptr<std::size_t> answer_bytes_ = std::make_shared<std::size_t>(0);
  // Given back by the threads, too.
  std::atomic<int> changes_ = 0;
  std::atomic<int> uploads_ = 0;
  std::atomic<int> streams_ = 0;
};

}  // namespace sluice::admin
