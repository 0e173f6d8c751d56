// SPDX-License-Identifier: Apache-2.0
#include "control/housekeeper.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <set>
#include <string>

#include "base/time.h"
#include "control/code_history.h"
#include "observe/request_stats.h"

namespace sluice::control {
namespace {

constexpr std::chrono::seconds kRetryPeriod{2};

}  // namespace

void Housekeeper::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
}

void Housekeeper::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void Housekeeper::sample() const {
  for (const auto& [name, object] : publisher_.objects()) {
    if (object->runs()) object->prototype->sample();
  }
}

// Deletes kept code, except code that is held, or pinned by an object or part of its history.
void Housekeeper::sweep() const {
  std::set<std::string> wanted;
  for (const auto& [name, object] : publisher_.objects()) {
    for (auto& [filter, hash] : code_hashes(object->pins)) wanted.insert(hash);
    add_hashes(object->history, wanted);
  }
  for (const auto& kind : builder_.filters()) kind->sweep(wanted);
}

void Housekeeper::work(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  TimePoint next_sample = Clock::now() + observe::RequestStats::kSamplePeriod;
  TimePoint next_retry = Clock::now() + kRetryPeriod;
  while (!stop.stop_requested()) {
    certificates_.tell(std::chrono::system_clock::now());
    std::unique_lock lock(mutex);
    wake.wait_until(lock, stop, std::min(next_sample, next_retry), [] { return false; });
    if (stop.stop_requested()) return;
    const TimePoint now = Clock::now();
    if (now >= next_sample) {
      next_sample = now + observe::RequestStats::kSamplePeriod;
      sample();
      sweep();
      shared_code_.sweep();
    }
    if (now >= next_retry) {
      next_retry = now + kRetryPeriod;
      loader_.build_missing();
      changes_.retry_ports();
    }
  }
}

}  // namespace sluice::control
