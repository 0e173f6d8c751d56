// SPDX-License-Identifier: Apache-2.0
#include "tally.h"

#include <algorithm>
#include <cmath>

namespace load {

void Tally::answer(std::uint64_t user, bool was_in, int status, std::string_view body,
                   Clock::duration took) {
  const auto units = std::chrono::duration_cast<std::chrono::nanoseconds>(took).count() / 100;
  const auto latency = static_cast<std::uint32_t>(std::min<std::int64_t>(units, UINT32_MAX));
  if (status == 200 && body == bodies_.yes) {
    if (!knows(user)) let_in_.push_back(user);
    in_.insert(user);
    yes_.push_back(latency);
  } else if (status == 200 && body == bodies_.no) {
    no_.push_back(latency);
    if (was_in) ++turned_away_;
  } else {
    ++others_[std::to_string(status) + " " + std::string(body.substr(0, 80))];
  }
}

nlohmann::json Tally::percentiles(Latencies sample) {
  if (sample.empty()) return nullptr;
  std::ranges::sort(sample);
  const auto at = [&](double part) {
    const auto index =
        static_cast<std::size_t>(std::ceil(part * static_cast<double>(sample.size())));
    return sample[std::max<std::size_t>(index, 1) - 1] / 10.0;
  };
  return {
      {"p50", at(0.5)}, {"p90", at(0.9)}, {"p99", at(0.99)}, {"p999", at(0.999)}, {"max", at(1)}};
}

nlohmann::json Tally::report(Clock::duration whole) const {
  const double seconds = std::chrono::duration<double>(whole).count();
  const double answers = static_cast<double>(yes_.size() + no_.size());
  return {{"yes", yes_.size()},
          {"no", no_.size()},
          {"turned_away", turned_away_},
          {"others", others_},
          {"failures", failures_},
          {"seconds", seconds},
          {"answers_per_second", answers / seconds},
          {"yes_per_second", static_cast<double>(yes_.size()) / seconds},
          {"yes_us", percentiles(yes_)},
          {"no_us", percentiles(no_)}};
}

}  // namespace load
