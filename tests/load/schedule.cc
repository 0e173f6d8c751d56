// SPDX-License-Identifier: Apache-2.0
#include "schedule.h"

#include <charconv>

namespace load {
namespace {

bool parse_positive(std::string_view text, double& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && out > 0;
}

}  // namespace

std::optional<Phase> parse_phase(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == text.npos) return std::nullopt;
  Phase phase{};
  if (!parse_positive(text.substr(0, colon), phase.rate)) return std::nullopt;
  if (!parse_positive(text.substr(colon + 1), phase.seconds)) return std::nullopt;
  return phase;
}

Schedule::Schedule(std::vector<Phase> phases, bool poisson, std::uint64_t seed)
    : phases_(std::move(phases)), poisson_(poisson), random_(seed) {
  for (const Phase& phase : phases_) end_ += phase.seconds;
  if (!phases_.empty()) phase_end_ = phases_.front().seconds;
  advance();
}

double Schedule::gap() {
  const double mean = 1 / phases_[phase_].rate;
  return poisson_ ? std::exponential_distribution<double>(1 / mean)(random_) : mean;
}

// A gap that leads beyond a phase begins again where the next one does.
void Schedule::advance() {
  next_.reset();
  while (phase_ < phases_.size()) {
    at_ += gap();
    if (at_ < phase_end_) {
      next_ = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(at_));
      return;
    }
    at_ = phase_end_;
    if (++phase_ < phases_.size()) phase_end_ += phases_[phase_].seconds;
  }
}

}  // namespace load
