// SPDX-License-Identifier: Apache-2.0
#include "egctl/figures.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "egctl/live_text.h"

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

bool has_figures(const Json& status) {
  return status.is_object() && status.contains("count") && status.contains("m1");
}

// Of the codes of that class: {"200": 5, "403": 2}.
std::uint64_t responses(const Json& status, char first_digit) {
  const auto codes = status.find("codes");
  std::uint64_t sum = 0;
  if (codes == status.end() || !codes->is_object()) return sum;
  for (const auto& [code, count] : codes->items()) {
    if (code.starts_with(first_digit) && count.is_number()) sum += count.get<std::uint64_t>();
  }
  return sum;
}

// 0: no request.
std::string latency(double milliseconds) {
  return milliseconds > 0 ? decimal(milliseconds, "ms") : "";
}

std::string or_none(const std::string& text) { return text.empty() ? "-" : text; }

}  // namespace

void Figures::add(const Json& status) {
  if (!has_figures(status)) return;
  any_ = true;
  requests_ += static_cast<std::uint64_t>(number_at(status, "count"));
  client_errors_ += responses(status, '4');
  server_errors_ += responses(status, '5');
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
  for (const char* name : {"reqSize", "respSize"}) {
    if (const auto bytes = status.find(name); bytes != status.end() && number_at(status, name) > 0)
      *bytes = short_bytes(bytes->get<double>());
  }
}

void Figures::sum_up_parts(Json& status) {
  if (!status.is_structured()) return;
  for (Json& part : status) {
    Figures its;
    its.add(part);
    if (its.any()) {
      leave_out(part);
      part["traffic"] = its.line();
    }
    sum_up_parts(part);
  }
}

std::string Figures::requests_text() const { return any_ ? std::to_string(requests_) : ""; }
std::string Figures::client_errors_text() const {
  return any_ ? std::to_string(client_errors_) : "";
}
std::string Figures::server_errors_text() const {
  return any_ ? std::to_string(server_errors_) : "";
}
std::string Figures::rate_text() const { return any_ ? decimal(rate_, "") : ""; }
std::string Figures::latency_text() const { return latency(p99_); }

std::string Figures::line() const {
  if (!any_) return "";
  return requests_text() + " requests, 4xx " + client_errors_text() + ", 5xx " +
         server_errors_text() + ", " + rate_text() + "/s on average of a minute, p50 " +
         or_none(latency(p50_)) + ", p99 " + or_none(latency_text()) + ", max " +
         or_none(latency(max_));
}

}  // namespace sluice::egctl
