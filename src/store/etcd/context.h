// SPDX-License-Identifier: Apache-2.0
// EtcdContext: what the parts of the medium share. Core-bound; outlives them.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <string>

#include "base/log.h"
#include "loop/core.h"
#include "loop/event_loop.h"
#include "store/audience.h"
#include "store/etcd/cluster_record.h"
#include "store/etcd/copy_time.h"
#include "store/etcd/keys.h"
#include "store/etcd/kv.h"
#include "store/etcd/page_ranges.h"

namespace sluice::store {

// Bounds of waits for etcd.
inline constexpr Duration kAttemptMax = std::chrono::seconds(1);  // one copy of a transaction
inline constexpr Duration kStepMax = std::chrono::seconds(2);     // a step of a bulk; a check
inline constexpr Duration kReadMax = std::chrono::seconds(5);     // a read; the first try of a page
inline constexpr Duration kChangeMax = std::chrono::seconds(10);  // of documents
inline constexpr Duration kReleaseMax = std::chrono::seconds(2);  // at the end
inline constexpr Duration kFirstRetry = std::chrono::milliseconds(10);
inline constexpr Duration kLastRetry = std::chrono::milliseconds(250);
inline constexpr Duration kLastRefusedRetry = std::chrono::seconds(1);  // etcd has said no

// How long work that would have to begin anew goes on trying one page or step of it. Each try may
// take twice as long as the one before.
struct EtcdPatience {
  Duration first_read = kReadMax;
  Duration longest_read = std::chrono::seconds(40);
  Duration waited_max = 2 * kReadMax;           // of all tries of what a person asks
  Duration page_max = std::chrono::minutes(3);  // of all tries of a page
  Duration first_step = kStepMax;
  Duration longest_step = std::chrono::seconds(4);  // the journal's thread waits for it
  Duration step_max = std::chrono::seconds(60);     // of all tries of a step
};

struct EtcdContext {
  const loop::Core core;
  Kv& kv;
  const Keys keys;
  const MemberRecord me;
  const Logger logger;
  const std::function<void()> ring;  // the journal looks for news
  const std::size_t small_bulk_max;  // a bulk of more writes makes an epoch
  const std::int64_t page_keys_max;  // of one Range
  const Duration open_max;           // of a write whose outcome is not known; then it has failed
  const CopyTime& copy_time;         // of the answers to `kv`
  const EtcdPatience patience{};
  ClusterRecord cluster{};       // after Membership::join()
  Audience* audience = nullptr;  // null: nobody follows
  // By namespace.
  std::map<std::string, PageMemory, std::less<>> page_memories{};

  [[nodiscard]] loop::EventLoop& loop() const { return core.loop; }
  // Of the permit of an older owner, with the drift of clocks.
  [[nodiscard]] Duration older_permit_max() const { return cluster.permit * 11 / 10; }
};

// The pauses between tries.
class EtcdRetry {
 public:
  explicit EtcdRetry(TimePoint deadline) : deadline_(deadline) {}
  // False if the deadline comes before the next try.
  [[nodiscard]] bool again() const { return Clock::now() + pause_ < deadline_; }
  // The pause before the next try.
  [[nodiscard]] Duration pause(Duration longest = kLastRetry) {
    const Duration pause = pause_;
    pause_ = std::min(pause_ * 2, longest);
    return pause;
  }
  // For the next try.
  [[nodiscard]] etcd::CallOptions options() const {
    etcd::CallOptions options;
    options.deadline = std::min(deadline_, Clock::now() + attempt);
    options.avoid = avoid;
    return options;
  }
  // The next try goes elsewhere, and may take longer.
  void note_failure(etcd::EndpointIndex endpoint) {
    avoid = endpoint;
    attempt = std::max(attempt, std::min(attempt + kCopyGrowth, kAttemptMax));
  }
  // Likewise, for work on much data: after a try that has ended by time, the next one has twice as
  // long, up to `longest`.
  void note_slowness(const etcd::CallFailure& failure, Duration longest) {
    avoid = failure.endpoint;
    if (failure.status != etcd::Status::deadline_exceeded) return;
    attempt = std::max(attempt, std::min(attempt * 2, longest));
  }
  etcd::EndpointIndex avoid = etcd::kAnyEndpoint;
  Duration attempt = kAttemptMax;  // of one try

 private:
  TimePoint deadline_;
  Duration pause_ = kFirstRetry;
};

// For a call that somebody waits for.
[[nodiscard]] inline EtcdRetry hasty_retry(const EtcdContext& context, TimePoint deadline) {
  EtcdRetry retry(deadline);
  retry.attempt = context.copy_time.first();
  return retry;
}

}  // namespace sluice::store
