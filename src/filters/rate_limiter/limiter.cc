// SPDX-License-Identifier: Apache-2.0
#include "filters/rate_limiter/limiter.h"

#include <atomic>

#include "config/fields.h"

namespace sluice::filters {
namespace {

// The knowledge of a Limiter. Both processes read the same clock.
struct LimiterNote {
  std::int64_t start_ns = 0;
  std::int64_t last_ms = 0;
  std::uint32_t places = 0;

  void fields(auto& visit) {
    visit("start", start_ns, {.required = true, .min = 0, .doc = ""});
    visit("last", last_ms, {.required = true, .min = 0, .max = kTickMax, .doc = ""});
    visit("places", places, {.required = true, .max = kPlacesMax, .doc = ""});
  }
};

}  // namespace

Verdict Limiter::take(std::string_view key, const RatePolicy& policy, TimePoint now) {
  return table_ ? table_->take(key, policy, elapsed(now)) : take_place(word_, policy, elapsed(now));
}

void Limiter::give_back(std::string_view key, const RatePolicy& policy, std::uint64_t cycle,
                        TimePoint now) {
  if (table_) {
    table_->give_back(key, policy, cycle, elapsed(now));
  } else {
    give_back_place(word_, policy, cycle, elapsed(now));
  }
}

Json Limiter::knowledge() const {
  if (table_) return nullptr;
  const PeriodsWord word = std::atomic_ref<PeriodsWord>(word_).load();
  LimiterNote note{start_.time_since_epoch().count(), tick_of(word), places_of(word)};
  return config::encode(note);
}

void Limiter::learn(const config::Value& value) {
  config::Faults faults;
  const auto note = config::decode<LimiterNote>(value, "", faults);
  if (!faults.empty() || table_) return;
  start_ = TimePoint(Duration(note.start_ns));
  word_ = make_word(note.last_ms, note.places);
}

}  // namespace sluice::filters
