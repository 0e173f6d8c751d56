// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/breaker_notes.h"

namespace sluice::filters {
namespace {

std::string why_opened(const resilience::Tally& calls) {
  if (calls.total == 0) return "its trial brought no decision";
  return "of the last " + std::to_string(calls.total) + " calls, " + std::to_string(calls.failed) +
         " failed and " + std::to_string(calls.slow) + " were slow";
}

}  // namespace

// A trial of calls is no news: it ends with one of the two.
std::optional<BreakerNotes::Line> BreakerNotes::note(TimePoint now) {
  const std::uint64_t changes = breaker_->changes();
  const bool is_news = seen_.exchange(changes) != changes;
  const std::string_view state = breaker_->state();
  if (!is_news || state == "HALF_OPEN") return std::nullopt;
  const bool open = state == "OPEN";
  const auto more = (open ? opened_ : closed_).pass(now);
  if (!more) return std::nullopt;
  if (!open)
    return Line{LogLevel::info, name_ + ": the circuit breaker has closed" + more_note(*more)};
  return Line{LogLevel::warn,
              name_ + ": the circuit breaker has opened: " + why_opened(breaker_->judged()) +
                  "; it refuses requests for " + format_duration(breaker_->spec().wait_in_open) +
                  more_note(*more)};
}

}  // namespace sluice::filters
