// SPDX-License-Identifier: Apache-2.0
// H2Server: one core's HTTP/2 state of one server: its connections, and the requests that wait for
// a connection in set-up instead of opening one each. Core-bound.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "backend/blame.h"
#include "backend/h2_connection.h"
#include "base/time.h"
#include "loop/event_loop.h"
#include "loop/task.h"
#include "loop/wait_list.h"

namespace sluice::backend {

class H2Server : public std::enable_shared_from_this<H2Server> {
 public:
  enum class Speaks {
    unknown,  // the first connection decides (ALPN)
    http1,
    http2,
  };
  // `loop` outlives it.
  H2Server(loop::EventLoop& loop, Speaks speaks) : speaks_(speaks), waiting_(loop) {}
  H2Server(const H2Server&) = delete;
  H2Server& operator=(const H2Server&) = delete;

  std::vector<std::shared_ptr<H2Connection>> connections;

  [[nodiscard]] bool may_speak() const { return speaks_ != Speaks::http1; }
  void learn(bool http2) { speaks_ = http2 ? Speaks::http2 : Speaks::http1; }
  // The number of streams expected of a connection, taken from the last one: RFC 9113 section
  // 6.5.2.
  void expect(std::uint32_t streams) { expected_ = streams; }

  // True if the connections in set-up will have room for one more waiter.
  [[nodiscard]] bool has_room() const {
    return may_speak() && coming_ > 0 &&
           waiting_.size() < std::size_t{coming_} * (expected_ > 0 ? expected_ - 1 : 0);
  }
  // Waits until one of them is ready, or is given up, or `deadline`; then check again. An error
  // once all of them have failed.
  [[nodiscard]] Task<Outcome<void>> wait(TimePoint deadline);

  // A connection in set-up, while this lives. Its destruction wakes the waiters.
  class SetUp {
   public:
    explicit SetUp(std::shared_ptr<H2Server> server) : server_(std::move(server)) {
      ++server_->coming_;
    }
    SetUp(SetUp&& other) noexcept = default;
    SetUp& operator=(SetUp&&) = delete;
    ~SetUp() {
      if (server_) server_->over(nullptr);
    }
    // The set-up has failed. Its waiters fail likewise, unless another connection is in set-up.
    void fail(const Failure& failure) {
      if (server_) std::exchange(server_, nullptr)->over(std::make_shared<const Failure>(failure));
    }

   private:
    std::shared_ptr<H2Server> server_;
  };

 private:
  using SetUpNews = std::shared_ptr<const Failure>;  // null: check again
  struct StreamWait;
  void over(const SetUpNews& news);

  // Assumed for a server without an announced limit; most allow that many.
  static constexpr std::uint32_t kExpected = 100;
  Speaks speaks_;
  std::uint32_t expected_ = kExpected;
  std::uint32_t coming_ = 0;
  loop::WaitListOf<StreamWait> waiting_;
};

}  // namespace sluice::backend
