// SPDX-License-Identifier: Apache-2.0
#include "admin/live/sampler.h"

#include <condition_variable>
#include <mutex>
#include <utility>

#include "admin/health.h"
#include "control/controller.h"
#include "control/metrics.h"
#include "loop/urgency.h"

namespace sluice::admin {
namespace {

std::string event_of(std::string_view name, const std::string& members) {
  std::string text = "event: ";
  text.append(name).append("\ndata: {").append(members).append("}\n\n");
  return text;
}

}  // namespace

LiveSampler::LiveSampler(const control::Controller& controller)
    : controller_(controller), last_(Clock::now()) {}

void LiveSampler::start(std::shared_ptr<const Health> health) {
  health_ = std::move(health);
  thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
}

void LiveSampler::work(const std::stop_token& stop) {
  loop::work_in_background();
  std::mutex mutex;
  std::condition_variable_any wake;
  TimePoint next = Clock::now();
  while (!stop.stop_requested()) {
    take();
    // After a long pause, one sample makes up for all that were missed.
    next = std::max<TimePoint>(next + kPeriod, Clock::now() + kPeriod / 2);
    std::unique_lock lock(mutex);
    wake.wait_until(lock, stop, next, [] { return false; });
  }
}

void LiveSampler::take() {
  std::string changes;
  std::uint64_t number = 0;
  {
    const MutexLock lock(mutex_);
    const TimePoint now = Clock::now();
    const double seconds = std::chrono::duration<double>(now - std::exchange(last_, now)).count();
    controller_.expose(figures_);
    control::expose_ready(health_->ready(), figures_);
    figures_.end(std::chrono::system_clock::now(), std::max(seconds, 1e-3));
    figures_.append_changes(changes);
    number = figures_.pass();
  }
  feed_->publish(number, event_of("changes", changes));
}

std::string LiveSampler::all() const {
  const MutexLock lock(mutex_);
  std::string members;
  figures_.append_all(members);
  return members;
}

LiveBegin LiveSampler::begin() const {
  const MutexLock lock(mutex_);
  std::string members;
  figures_.append_all(members);
  return {std::make_shared<const std::string>(event_of("all", members)), figures_.pass()};
}

std::string LiveSampler::past(const std::set<std::string, std::less<>>& names) const {
  const MutexLock lock(mutex_);
  std::string members;
  figures_.append_past(names, members);
  return members;
}

}  // namespace sluice::admin
