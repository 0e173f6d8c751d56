// SPDX-License-Identifier: Apache-2.0
#include "filters/rate_limiter/limiter.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "config/fields.h"

namespace sluice::filters {
namespace {

// The knowledge of a Limiter. Both processes read the same clock.
struct LimiterNote {
  std::int64_t period_ns = 0;
  std::uint32_t limit = 0;
  std::uint32_t places = 0;
  std::int64_t at_ns = 0;

  void fields(auto& visit) {
    visit("period", period_ns, {.required = true, .min = 1, .doc = ""});
    visit("limit", limit, {.required = true, .min = 1, .max = kPlacesMax, .doc = ""});
    visit("places", places, {.required = true, .max = kPlacesMax, .doc = ""});
    visit("at", at_ns, {.required = true, .doc = ""});
  }
};

}  // namespace

PeriodsWord Counts::first_word(std::string_view key, const RatePolicy& policy, TimePoint now,
                               const Before& before) {
  if (!before.counts) return 0;
  const std::uint32_t places = before.counts->in_use(key, before.policy, now);
  return places == 0 ? 0 : make_word(policy, places, elapsed(now));
}

Verdict Counts::take(std::string_view key, const RatePolicy& policy, TimePoint now,
                     const Before& before) {
  const auto first = [&] { return first_word(key, policy, now, before); };
  if (table_) return table_->take(key, policy, elapsed(now), first);
  const std::atomic_ref<PeriodsWord> word(word_);
  if (PeriodsWord none = 0; before.counts && word.load() == none)
    word.compare_exchange_strong(none, first());
  return take_place(word_, policy, elapsed(now));
}

void Counts::give_back(std::string_view key, const RatePolicy& policy, std::uint64_t cycle,
                       TimePoint now) {
  if (table_) {
    table_->give_back(key, policy, cycle, elapsed(now));
  } else {
    give_back_place(word_, policy, cycle, elapsed(now));
  }
}

std::uint32_t Counts::in_use(std::string_view key, const RatePolicy& policy, TimePoint now) {
  return table_ ? table_->in_use(key, policy, elapsed(now))
                : places_in_use(word_, policy, elapsed(now));
}

void Counts::begin_with(const RatePolicy& policy, std::uint32_t places, TimePoint now) {
  word_ = make_word(policy, places, elapsed(now));
}

Limiter::Terms Limiter::terms(const RatePolicy& policy, TimePoint now) {
  const MutexLock lock(mutex_);
  std::erase_if(known_, [](const Known& each) { return each.counts.expired(); });
  Terms out;
  for (Known& each : known_) {
    if (each.policy.period == policy.period) {
      each.policy = policy;
      out.counts = each.counts.lock();
    } else {
      out.before = {each.counts.lock(), each.policy};
    }
  }
  if (out.counts) return out;
  const auto learnt = std::exchange(learnt_, std::nullopt);
  const bool goes_on = learnt && learnt->policy.period == policy.period;
  out.counts = std::make_shared<Counts>(goes_on ? learnt->at : now, keys_);
  if (learnt) {
    Counts then(learnt->at, 0);
    then.begin_with(learnt->policy, learnt->places, learnt->at);
    out.counts->begin_with(policy, then.in_use("", learnt->policy, now), now);
  }
  known_.push_back({out.counts, policy});
  return out;
}

Json Limiter::knowledge() const {
  const MutexLock lock(mutex_);
  if (keys_ != 0 || known_.empty()) return nullptr;
  const auto counts = known_.back().counts.lock();
  if (!counts) return nullptr;
  const RatePolicy& policy = known_.back().policy;
  const TimePoint now = Clock::now();
  // The period that runs has begun then.
  const TimePoint began = now - (now - counts->start()) % policy.period;
  LimiterNote note{policy.period.count(), policy.limit, counts->in_use("", policy, now),
                   began.time_since_epoch().count()};
  return config::encode(note);
}

void Limiter::learn(const config::Value& value) {
  config::Faults faults;
  const auto note = config::decode<LimiterNote>(value, "", faults);
  if (!faults.empty() || keys_ != 0) return;
  const MutexLock lock(mutex_);
  learnt_ = Learnt{{Duration(note.period_ns), Duration::zero(), note.limit},
                   note.places,
                   TimePoint(Duration(note.at_ns))};
}

}  // namespace sluice::filters
