// SPDX-License-Identifier: Apache-2.0
#include "egctl/nginx/rate_limits.h"

#include <algorithm>
#include <cstdint>

#include "base/text.h"
#include "egctl/nginx/units.h"

namespace sluice::egctl::nginx {
namespace {

constexpr std::int64_t kCountMax = 16'777'215;  // limitForPeriod

// "zone=" of "zone=one:10m" -> "one:10m"
std::string word_after(const Directive& directive, std::string_view key) {
  for (const std::string& word : directive.words) {
    if (word.starts_with(key)) return word.substr(key.size());
  }
  return "";
}

// The whole `text` as a count between 1 and what a RateLimiter takes.
std::optional<std::int64_t> places_of(std::string_view text) {
  const auto number = to_number<int>(text);
  if (!number || *number < 1 || *number > kCountMax) return std::nullopt;
  return *number;
}

struct Rate {
  std::int64_t count = 0;
  std::int64_t milliseconds = 0;
};

std::optional<Rate> rate_of(std::string text) {
  const bool minutes = text.ends_with("r/m");
  if (!minutes && !text.ends_with("r/s")) return std::nullopt;
  const auto count = places_of(text.substr(0, text.size() - 3));
  if (!count) return std::nullopt;
  return Rate{*count, minutes ? 60'000 : 1'000};
}

// null: one limit for all. nullopt: the key has no counterpart.
std::optional<Json> key_of(const std::string& key) {
  if (key == "$binary_remote_addr" || key == "$remote_addr") return Json{{"address", true}};
  if (key == "$server_name") return Json();
  std::string name = key.substr(key.starts_with("$http_") ? 6 : 0);
  if (key.starts_with("$http_")) {
    std::ranges::replace(name, '_', '-');
    return Json{{"header", name}};
  }
  if (key.starts_with("$cookie_")) return Json{{"cookie", key.substr(8)}};
  return key.find('$') == std::string::npos ? std::optional(Json()) : std::nullopt;
}

// nginx lets a request in per 1/rate, and `burst` more wait, or go at once with nodelay. A period
// of that length with that many places comes to the same.
Json policy_of(const Rate& rate, std::int64_t burst, bool at_once, const std::string& name) {
  std::int64_t places = at_once ? burst + 1 : 1;
  places = std::max(places, (rate.count + rate.milliseconds - 1) / rate.milliseconds);
  const auto time_for = [&rate](std::int64_t count) {
    return duration_of((count * rate.milliseconds + rate.count - 1) / rate.count);
  };
  return {{"name", name},
          {"limitForPeriod", std::min(places, kCountMax)},
          {"limitRefreshPeriod", time_for(places)},
          {"timeoutDuration", at_once || burst == 0 ? "0s" : time_for(burst)}};
}

bool put_limit(const Directive& limit, const LimitZones& zones, Json& filter) {
  const auto zone = zones.find(word_after(limit, "zone="));
  if (zone == zones.end()) return false;
  const auto rate = rate_of(word_after(*zone->second, "rate="));
  const auto key = key_of(zone->second->words[0]);
  const std::string burst_text = word_after(limit, "burst=");
  const auto burst = burst_text.empty() ? std::optional<std::int64_t>(0) : places_of(burst_text);
  if (!rate || !key || !burst || *burst >= kCountMax) return false;
  const bool at_once = std::ranges::any_of(limit.words, [](const std::string& word) {
    return word == "nodelay" || word.starts_with("delay=");
  });
  filter["policies"].push_back(policy_of(*rate, *burst, at_once, zone->first));
  Json rule = {{"url", {{"prefix", "/"}}}, {"policyRef", zone->first}};
  if (!key->is_null()) rule["keyBy"] = *key;
  filter["urls"].push_back(rule);
  return true;
}

}  // namespace

void add_limit_zone(const Directive& directive, LimitZones& zones, Notes& notes) {
  const std::string zone = word_after(directive, "zone=");
  const std::string name = zone.substr(0, zone.find(':'));
  if (name.empty()) return notes.add(directive, "is not converted: see RateLimiter");
  zones[name] = &directive;
}

std::optional<Json> rate_limiter(const std::vector<Directive>& limits, const LimitZones& zones,
                                 Notes& notes) {
  std::optional<Json> made;
  for (const Directive& limit : limits) {
    Json filter = {{"name", "limit"}, {"kind", "RateLimiter"}};
    // The first entry of a RateLimiter that fits is the only one that counts.
    if (made || !put_limit(limit, zones, filter)) {
      notes.add(limit, "is not converted: see RateLimiter");
    } else {
      made = std::move(filter);
    }
  }
  return made;
}

}  // namespace sluice::egctl::nginx
