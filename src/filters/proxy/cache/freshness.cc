// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/cache/freshness.h"

#include <algorithm>
#include <array>

#include "http/date.h"

namespace sluice::filters {
namespace {

std::optional<std::int64_t> date_of(const http::Headers& headers, std::int64_t unix_now) {
  return http::parse_date(headers.get("Date").value_or(""), unix_now);
}

std::int64_t age_field(const http::Headers& headers) {
  const std::string all = http::combined(headers, "Age");
  const std::string_view first = std::string_view(all).substr(0, all.find(','));
  const std::size_t end = first.find_last_not_of(" \t") + 1;
  return http::parse_delta_seconds(first.substr(0, end)).value_or(0);
}

}  // namespace

std::int64_t unix_now() { return unix_time_ms() / 1000; }

ArrivalTime arrives_now(TimePoint sent) {
  const TimePoint now = Clock::now();
  return {now, unix_now(), now - sent};
}

std::int64_t initial_age(const http::Headers& headers, const ArrivalTime& arrival) {
  const auto delay = std::chrono::duration_cast<std::chrono::seconds>(arrival.delay).count();
  std::int64_t age = age_field(headers) + std::max<std::int64_t>(delay, 0);
  if (const auto date = date_of(headers, arrival.unix_now))
    age = std::max(age, arrival.unix_now - *date);
  return std::min(age, http::kDeltaSecondsMax);
}

std::optional<std::int64_t> lifetime(const http::CacheControl& control,
                                     const http::Headers& headers, std::int64_t unix_now) {
  if (control.s_maxage) return control.s_maxage;
  if (control.max_age) return control.max_age;
  if (!headers.contains("Expires")) return std::nullopt;
  const auto until = http::parse_date(http::combined(headers, "Expires"), unix_now);
  if (!until) return 0;
  const std::int64_t from_date = *until - date_of(headers, unix_now).value_or(unix_now);
  return std::clamp(from_date, -http::kDeltaSecondsMax, http::kDeltaSecondsMax);
}

bool heuristically_cacheable(int status) {
  constexpr std::array<int, 11> kStatuses = {200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501};
  return std::ranges::find(kStatuses, status) != kStatuses.end();
}

}  // namespace sluice::filters
