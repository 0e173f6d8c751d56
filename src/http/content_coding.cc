// SPDX-License-Identifier: Apache-2.0
#include "http/content_coding.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "http/cache_control.h"

namespace sluice::http {
namespace {

constexpr int kFull = 1000;

// Parses a weight (RFC 9110 section 12.4.2) in thousandths: "0", "0.5", "1.000"; 0 if it is
// malformed.
int weight(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return 0;
  if (text.size() > 1 && text[1] != '.') return 0;
  int value = (text[0] - '0') * kFull;
  int unit = kFull / 10;
  for (const char c : text.substr(std::min<std::size_t>(2, text.size()))) {
    if (!is_digit(c)) return 0;
    value += (c - '0') * unit;
    unit /= 10;
  }
  return value <= kFull ? value : 0;
}

struct Weights {
  std::optional<int> coding;
  std::optional<int> any;
  std::optional<int> identity;
};

bool is_named(std::string_view text, std::string_view coding) {
  return iequals(text, coding) || (coding == "gzip" && iequals(text, "x-gzip"));
}

void note(std::string_view element, std::string_view wanted, Weights& weights) {
  const std::size_t semicolon = element.find(';');
  const std::string_view coding = trim_ows(element.substr(0, semicolon));
  int q = kFull;
  if (semicolon != std::string_view::npos) {
    const std::string_view parameter = trim_ows(element.substr(semicolon + 1));
    const bool is_weight = parameter.starts_with("q=") || parameter.starts_with("Q=");
    q = is_weight ? weight(trim_ows(parameter.substr(2))) : 0;
  }
  if (is_named(coding, wanted)) weights.coding = q;
  if (coding == "*") weights.any = q;
  if (iequals(coding, "identity")) weights.identity = q;
}

}  // namespace

bool accepts_gzip(const Headers& request) { return coding_weight(request, "gzip") > 0; }

int coding_weight(const Headers& request, std::string_view coding) {
  Weights weights;
  for (const Field& field : request) {
    if (!iequals(field.name, "Accept-Encoding")) continue;
    for_each_element(field.value,
                     [&](std::string_view element) { note(element, coding, weights); });
  }
  const int weight = weights.coding.value_or(weights.any.value_or(0));
  return weight >= weights.identity.value_or(0) ? weight : 0;
}

}  // namespace sluice::http
