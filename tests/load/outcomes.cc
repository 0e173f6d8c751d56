// SPDX-License-Identifier: Apache-2.0
#include "outcomes.h"

namespace load {
namespace {

constexpr std::size_t kSecondsMax = 4000;  // rows; what is due later counts in the last one

std::int64_t microseconds(Clock::duration duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

nlohmann::json counts_json(const std::array<std::uint64_t, kOutcomes>& counts) {
  nlohmann::json out = nlohmann::json::object();
  for (std::size_t i = 0; i < kOutcomes; ++i) {
    if (counts[i] != 0) out[std::string(name_of(static_cast<Outcome>(i)))] = counts[i];
  }
  return out;
}

}  // namespace

std::string_view name_of(Outcome outcome) {
  static constexpr std::array<std::string_view, kOutcomes> kNames = {
      "yes",   "no",      "shed",  "unavailable", "too_many",
      "other", "refused", "reset", "timed_out",   "no_socket"};
  return kNames[static_cast<std::size_t>(outcome)];
}

Outcome outcome_of(const Answered& answer, const Bodies& bodies) {
  if (answer.status == 200 && answer.body == bodies.yes) return Outcome::yes;
  if (answer.status == 200 && answer.body == bodies.no) return Outcome::no;
  if (answer.status == 503) return answer.retry_after ? Outcome::shed : Outcome::unavailable;
  return answer.status == 429 ? Outcome::too_many : Outcome::other;
}

void Outcomes::add(bool known, Outcome outcome, Clock::duration due, Clock::duration took) {
  const auto second =
      static_cast<std::size_t>(std::chrono::duration_cast<std::chrono::seconds>(due).count());
  const std::size_t row = std::min(second, kSecondsMax - 1);
  if (row >= seconds_.size()) seconds_.resize(row + 1);
  Second& of_second = seconds_[row];
  Class& of_class = classes_[known ? 1 : 0];
  ++of_class.counts[static_cast<std::size_t>(outcome)];
  ++of_second.counts[static_cast<std::size_t>(outcome)];
  ++of_second.due;
  if (outcome == Outcome::yes || outcome == Outcome::no) {
    of_class.answered.add(microseconds(took));
    of_second.answered.add(microseconds(took));
    if (known) of_second.known.add(microseconds(took));
    if (took <= deadline_) {
      ++of_class.good;
      ++of_second.good;
    }
  } else if (outcome == Outcome::shed || outcome == Outcome::unavailable ||
             outcome == Outcome::too_many) {
    of_class.shed.add(microseconds(took));
  }
}

void Outcomes::lag(Clock::duration late) { lag_.add(microseconds(late)); }

nlohmann::json Outcomes::report_of(const Class& of) {
  return {{"counts", counts_json(of.counts)},
          {"good", of.good},
          {"answered_us", of.answered.report()},
          {"shed_us", of.shed.report()}};
}

nlohmann::json Outcomes::report_of(const Second& second) {
  const auto at = [](const Histogram& histogram, double part) {
    return histogram.count() == 0 ? nlohmann::json() : nlohmann::json(histogram.at(part));
  };
  return {{"due", second.due},
          {"good", second.good},
          {"counts", counts_json(second.counts)},
          {"p50_us", at(second.answered, 0.5)},
          {"p99_us", at(second.answered, 0.99)},
          {"known_p99_us", at(second.known, 0.99)}};
}

nlohmann::json Outcomes::report() const {
  nlohmann::json rows = nlohmann::json::array();
  for (const Second& second : seconds_) rows.push_back(report_of(second));
  return {{"unknown", report_of(classes_[0])},
          {"known", report_of(classes_[1])},
          {"lag_us", lag_.report()},
          {"seconds", std::move(rows)}};
}

}  // namespace load
