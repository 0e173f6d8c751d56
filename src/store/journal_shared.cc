// SPDX-License-Identifier: Apache-2.0
// The functions of Journal for a shared medium. Each namespace has a lane: one batch of it is under
// way at a time. Batches of different namespaces do not wait for each other.
#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "store/journal.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLanePauseMin = 10ms;
constexpr Duration kLanePauseMax = 1s;
constexpr Duration kLookPeriod = 1s;
constexpr Duration kLastWritesMax = 2s;  // at the end

}  // namespace

void Journal::run_shared() {
  while (!stopping()) {
    const bool landed = take_written();  // before the news, which may end the chain
    take_news();
    const bool stepped = take_step();
    const bool begun = begin_batches();
    tidy();
    inspect_shared();
    const TimePoint tend_at = tend_seals();
    if (!landed && !stepped && !begun) {
      rest_shared(std::min({next_rest_end(), tend_at, Clock::now() + kLookPeriod}));
    }
  }
  finish_shared();
}

// Each namespace gets one try. What is under way at the end stays open: its outcome is with the
// medium.
void Journal::finish_shared() {
  const TimePoint end = Clock::now() + kLastWritesMax;
  while (Clock::now() < end) {
    const bool landed = take_written();
    const bool begun = begin_batches();
    if (landed || begun) continue;
    const auto writes = [](const auto& lane) { return lane.second.under_way != nullptr; };
    if (std::ranges::none_of(lanes_, writes)) break;
    rest_shared(end);
  }
}

bool Journal::is_under_way(const std::string& ns) const {
  const auto lane = lanes_.find(ns);
  return lane != lanes_.end() && lane->second.under_way != nullptr;
}

bool Journal::may_begin(const Chain& chain) const {
  const auto lane = lanes_.find(chain.name());
  if (lane == lanes_.end()) return true;
  if (lane->second.under_way) return false;
  return lane->second.rests_until == TimePoint() ||
         (!stopping() && lane->second.rests_until <= Clock::now());
}

bool Journal::begin_batches() {
  end_gatherings();
  bool begun = false;
  for (auto& chain : chains()) {
    if (!chain->has_work() || !may_begin(*chain)) continue;
    begun = true;
    Lane& lane = lanes_[chain->name()];
    lane.gathering = nullptr;  // its time may have ended since end_gatherings()
    lane.under_way = std::make_unique<Group>();
    lane.begun = Clock::now();
    chain->set_under_way(true);
    Group& group = *lane.under_way;
    add_batch(group, chain, next_batch(*chain).first);
    const auto written = medium_.begin_write(group.batches.front());
    if (!written) continue;
    const auto ended = std::move(lane.under_way);
    land(lane, *ended, *written);
    tell_cores();
  }
  return begun;
}

bool Journal::take_written() {
  const auto all = medium_.take_written();
  for (const Medium::Written& written : all) {
    Lane& lane = lanes_.find(written.batch->ns)->second;
    const auto ended = std::move(lane.under_way);
    land(lane, *ended, written.outcome);
  }
  if (!all.empty()) tell_cores();
  return !all.empty();
}

void Journal::land(Lane& lane, Group& group, const Result<void>& outcome) {
  Chain& chain = *group.chains.front();
  chain.set_under_way(false);
  end_lost(group);
  if (!outcome && !chain.has_ended()) {
    record_.failed();
    lane.pause = std::clamp(lane.pause * 2, kLanePauseMin, kLanePauseMax);
    lane.rests_until = Clock::now() + lane.pause;
    set_chain_health(chain, outcome.error().message);
    return;
  }
  if (outcome && group.commits > 0) record_.wrote(group.commits, Clock::now() - lane.begun);
  if (outcome) publish(group);
  lane = Lane();
  set_chain_health(chain, {});
  if (outcome && group.commits > 0) gather(lane, std::move(group.chains.front()));
}

// The bell stays silent: a commit that rings would cost a system call.
void Journal::gather(Lane& lane, std::shared_ptr<Chain> chain) {
  const Duration pause = medium_.gathering();
  if (pause == Duration() || chain->has_ended()) return;
  lane.rests_until = Clock::now() + pause;
  lane.gathering = std::move(chain);
  lane.gathering->set_under_way(true);
}

void Journal::end_gatherings() {
  const TimePoint now = Clock::now();
  for (auto& [ns, lane] : lanes_) {
    if (!lane.gathering || (lane.rests_until > now && !stopping())) continue;
    SLUICE_ASSERT(!lane.under_way, "commits gather between two batches");
    lane.gathering->set_under_way(false);
    lane = Lane();
  }
}

void Journal::set_chain_health(Chain& chain, const std::string& trouble) {
  const std::string& ns = chain.name();
  bool failed = false;
  {
    const MutexLock lock(mutex_);
    failed = troubles_.erase(ns) > 0;
    if (!trouble.empty()) troubles_[ns] = trouble;
    chain.set_failing(!trouble.empty());
  }
  if (!trouble.empty() && !failed) {
    logger_.error("store: nobody new is let in by " + ns + ": " + trouble);
  } else if (trouble.empty() && failed) {
    logger_.info("store: " + ns +
                 (chain.has_ended() ? " was lost" : " is written again; nothing was lost"));
  }
  news_.notify_all();
  if (trouble.empty()) return;
  while (Staging* const staging = staging_of(chain)) {
    medium_.drop_staged(staging->bulk);
    end_staging(*staging, fail(ErrorKind::unavailable, trouble));
  }
}

// The trouble of the medium is for health(). It fails no chain: only a batch tells whether the
// fence allows to write.
void Journal::inspect_shared() {
  const TimePoint now = Clock::now();
  if (now < next_inspection_) return;
  next_inspection_ = now + kLookPeriod;
  const auto checked = medium_.check();
  const MutexLock lock(mutex_);
  trouble_ = checked ? std::string() : checked.error().message;
}

TimePoint Journal::tend_seals() const {
  TimePoint next = TimePoint::max();
  if (engine_->word_max == Duration()) return next;
  for (const auto& chain : chains()) next = std::min(next, chain->tend_seal().value_or(next));
  return next;
}

TimePoint Journal::next_rest_end() const {
  const TimePoint now = Clock::now();
  TimePoint next = TimePoint::max();
  for (const auto& [ns, lane] : lanes_) {
    if (!lane.under_way && lane.rests_until > now) next = std::min(next, lane.rests_until);
  }
  return next;
}

void Journal::rest_shared(TimePoint until) {
  Doorbell& bell = *engine_->bell;
  const auto all = chains();
  bell.lie_down();
  end_gatherings();  // before the look at the chains: nobody rings while commits gather
  const bool work = std::ranges::any_of(
      all, [&](const auto& chain) { return chain->has_work() && may_begin(*chain); });
  if (bell.called() || work) {
    bell.get_up();
  } else {
    bell.sleep(std::max(until - Clock::now(), Duration::zero()));
  }
}

}  // namespace sluice::store
