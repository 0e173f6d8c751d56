// SPDX-License-Identifier: Apache-2.0
#include "backend/server_state.h"

#include <algorithm>
#include <utility>

#include "backend/blame.h"
#include "base/utf8.h"

namespace sluice::backend {
namespace {

constexpr std::size_t kReasonBytesMax = 300;

}  // namespace

bool ServerState::ejected(TimePoint now) const {
  const Clock::rep until = ejected_until_.load(std::memory_order_relaxed);
  return until != 0 && now.time_since_epoch().count() < until;
}

bool ServerState::take_return(TimePoint now) {
  if (!left_out_.load(std::memory_order_relaxed) || ejected(now)) return false;
  return left_out_.exchange(false);
}

Duration ServerState::ejected_for(TimePoint now) const {
  const Clock::rep left = ejected_until_.load() - now.time_since_epoch().count();
  return Duration(std::max<Clock::rep>(left, 0));
}

void ServerState::tell_reason(std::string reason) {
  reason.resize(utf8_prefix(reason, kReasonBytesMax).size());
  reason_.store(std::make_shared<const std::string>(std::move(reason)));
}

std::string ServerState::reason() const {
  const auto told = reason_.load();
  return told ? *told : "";
}

std::optional<Duration> ServerState::note_response(int status, const OutlierPolicy& policy,
                                                   TimePoint now) {
  note_whole();
  return note_status(status, policy, now);
}

void ServerState::note_whole() {
  if (failures_in_row_.load(std::memory_order_relaxed) != 0) failures_in_row_.store(0);
}

std::optional<Duration> ServerState::note_status(int status, const OutlierPolicy& policy,
                                                 TimePoint now) {
  if (status < 500 || is_provoked(status)) {
    if (errors_in_row_.load(std::memory_order_relaxed) != 0) errors_in_row_.store(0);
    return std::nullopt;
  }
  if (policy.consecutive_5xx == 0) return std::nullopt;
  if (errors_in_row_.fetch_add(1) + 1 < policy.consecutive_5xx) return std::nullopt;
  return eject(policy, now);
}

std::optional<Duration> ServerState::note_failure(const OutlierPolicy& policy, TimePoint now) {
  if (policy.consecutive_failures == 0) return std::nullopt;
  if (failures_in_row_.fetch_add(1) + 1 < policy.consecutive_failures) return std::nullopt;
  return eject(policy, now);
}

// If several cores see the last failure, one of them ejects. Earlier failures then no longer count.
std::optional<Duration> ServerState::eject(const OutlierPolicy& policy, TimePoint now) {
  Clock::rep before = ejected_until_.load();
  const Clock::rep at = now.time_since_epoch().count();
  if (at < before) return std::nullopt;
  const bool long_ago = at - before > policy.ejection_time_max.count();
  const std::uint32_t earlier = long_ago ? 0 : std::min(ejections_.load(), 30U);
  Duration duration = policy.ejection_time_max;
  if (policy.ejection_time.count() < policy.ejection_time_max.count() >> earlier) {
    duration = policy.ejection_time * (std::int64_t{1} << earlier);
  }
  if (!ejected_until_.compare_exchange_strong(before, at + duration.count())) return std::nullopt;
  left_out_.store(true);
  ejections_.store(earlier + 1);
  failures_in_row_.store(0);
  errors_in_row_.store(0);
  return duration;
}

ServerState::Knowledge ServerState::knowledge(TimePoint now) const {
  const Duration left = ejected_for(now);
  return {healthy(), left, ejections_.load(), left > Duration::zero() ? reason() : ""};
}

void ServerState::forget_failures() {
  ejected_until_.store(0);
  ejections_.store(0);
  failures_in_row_.store(0);
  errors_in_row_.store(0);
}

void ServerState::learn(const Knowledge& knowledge, TimePoint now) {
  set_healthy(knowledge.healthy);
  ejections_.store(knowledge.ejections);
  if (!knowledge.reason.empty()) tell_reason(knowledge.reason);
  left_out_.store(knowledge.ejected_for > Duration::zero());
  if (knowledge.ejected_for > Duration::zero())
    ejected_until_.store((now + knowledge.ejected_for).time_since_epoch().count());
}

void Availability::list(std::vector<std::size_t>& out) const {
  out.clear();
  bool any_healthy = false;
  for (std::size_t i = 0; i < states_.size(); ++i) {
    if (checked_ && !states_[i]->healthy()) continue;
    any_healthy = true;
    const bool left_out = states_[i]->was_ejected() && states_[i]->ejected(Clock::now());
    if (!left_out) out.push_back(i);
  }
  if (!out.empty() || !any_healthy) return;
  for (std::size_t i = 0; i < states_.size(); ++i) {
    if (!checked_ || states_[i]->healthy()) out.push_back(i);
  }
}

}  // namespace sluice::backend
