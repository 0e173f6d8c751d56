// SPDX-License-Identifier: Apache-2.0
#include "egctl/figures.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace sluice::egctl {
namespace {

double number_at(const Json& status, const char* key) {
  const auto found = status.find(key);
  return found != status.end() && found->is_number() ? found->get<double>() : 0;
}

std::string decimal(double value, const char* unit) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), value < 10 ? "%.2f%s" : "%.0f%s", value, unit);
  return text.data();
}

// A request takes some time: zero is nothing measured.
std::string latency(double milliseconds) {
  return milliseconds > 0 ? decimal(milliseconds, "ms") : "-";
}

}  // namespace

void Figures::add(const Json& status) {
  if (!status.is_object() || !status.contains("count") || !status.contains("m1")) return;
  any_ = true;
  requests_ += static_cast<std::uint64_t>(number_at(status, "count"));
  errors_ += static_cast<std::uint64_t>(number_at(status, "errCount"));
  rate_ += number_at(status, "m1");
  p50_ = std::max(p50_, number_at(status, "p50"));
  p99_ = std::max(p99_, number_at(status, "p99"));
  max_ = std::max(max_, number_at(status, "max"));
}

void Figures::leave_out(Json& status) {
  for (const char* name :
       {"count", "errCount", "m1",           "m5",           "m15",           "m1Err",
        "m5Err", "m15Err",   "m1ErrPercent", "m5ErrPercent", "m15ErrPercent", "min",
        "max",   "mean",     "p25",          "p50",          "p75",           "p95",
        "p98",   "p99",      "p999"})
    status.erase(name);
}

std::string Figures::requests_text() const { return any_ ? std::to_string(requests_) : ""; }
std::string Figures::errors_text() const { return any_ ? std::to_string(errors_) : ""; }
std::string Figures::rate_text() const { return any_ ? decimal(rate_, "") : ""; }
std::string Figures::latency_text() const { return any_ ? latency(p99_) : ""; }

std::string Figures::line() const {
  if (!any_) return "";
  return requests_text() + " requests, " + errors_text() + " errors, " + rate_text() +
         "/s in the last minute, p50 " + latency(p50_) + ", p99 " + latency_text() + ", max " +
         latency(max_);
}

}  // namespace sluice::egctl
