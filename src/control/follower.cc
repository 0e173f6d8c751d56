// SPDX-License-Identifier: Apache-2.0
#include "control/follower.h"

#include <condition_variable>
#include <mutex>

#include "base/time.h"

namespace sluice::control {
namespace {

// The wait for news cannot be interrupted, so it is short.
constexpr std::chrono::milliseconds kNewsWait{200};
constexpr std::chrono::seconds kTroublePause{1};

void pause(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop, kTroublePause, [] { return false; });
}

}  // namespace

void Follower::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
}

void Follower::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void Follower::work(const std::stop_token& stop) {
  bool trouble = false;
  while (!stop.stop_requested()) {
    const auto followed = follow();
    if (followed && trouble) logger_.info("the changes of other members can be read again");
    if (!followed && !trouble)
      logger_.error("the changes of other members cannot be read: " + followed.error().message);
    trouble = !followed;
    if (trouble) pause(stop);
  }
}

Result<void> Follower::follow() {
  SLUICE_TRY(const bool news, stored_.wait(Clock::now() + kNewsWait));
  if (news) SLUICE_CHECK(changes_.follow());
  SLUICE_CHECK(custom_data_.follow());
  trials_.update();
  if (news) loader_.build_new();
  return {};
}

}  // namespace sluice::control
