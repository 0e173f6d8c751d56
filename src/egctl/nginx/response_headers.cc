// SPDX-License-Identifier: Apache-2.0
#include "egctl/nginx/response_headers.h"

#include <optional>
#include <string>

#include "egctl/nginx/units.h"

namespace sluice::egctl::nginx {
namespace {

constexpr long kLongestExpiry = 315'360'000;  // seconds of `expires max`

// Cache-Control, as `expires` sets it. "": it sets none. nullopt: it has no counterpart.
std::optional<std::string> cache_control(const Directive& expires) {
  if (expires.words.size() != 1) return std::nullopt;
  const std::string& word = expires.words[0];
  if (word == "off") return "";
  if (word == "epoch") return "no-cache";
  if (word == "max") return "max-age=" + std::to_string(kLongestExpiry);
  if (word.starts_with('@')) return std::nullopt;
  if (word.starts_with('-')) return "no-cache";
  const auto time = milliseconds_of(word);
  if (!time) return std::nullopt;
  return "max-age=" + std::to_string(*time / 1000);
}

bool is_plain_text(const std::string& text) {
  return text.find('$') == std::string::npos && text.find("{{") == std::string::npos;
}

void add_field(Json& list, const Directive& line) {
  Json& values = list[line.words[0]];
  if (values.is_null()) {
    values = line.words[1];
  } else {
    values = values.get<std::string>() + ", " + line.words[1];
  }
}

}  // namespace

Json response_adaptor(const ResponseHeaders& headers, bool proxied, Notes& notes) {
  Json always = Json::object();  // of each response
  Json usual = Json::object();   // of those without an error
  for (const Directive& line : headers.added) {
    const std::size_t words = line.words.size();
    const bool valid = words == 2 || (words == 3 && line.words[2] == "always");
    if (!valid || !is_plain_text(line.words[0] + line.words[1])) {
      notes.add(line, "is not converted: see ResponseAdaptor");
      continue;
    }
    if (!line.words[1].empty()) add_field(words == 3 ? always["add"] : usual["add"], line);
  }
  if (headers.expiry) {
    const auto value = cache_control(*headers.expiry);
    if (!value) notes.add(*headers.expiry, "is not converted: see ResponseAdaptor");
    if (value && !value->empty()) usual["set"]["Cache-Control"] = *value;
  }
  if (proxied) {
    for (const Directive& line : headers.hidden) {
      if (!line.words.empty()) always["del"].push_back(line.words[0]);
    }
  }
  if (always.empty() && usual.empty()) return {};
  Json adaptor = {{"name", "headers"}, {"kind", "ResponseAdaptor"}};
  if (!always.empty()) adaptor["header"] = always;
  if (!usual.empty()) {
    // JSON is YAML.
    const Json change = {{"header", usual}};
    adaptor["template"] = "{{ if lt .resp.StatusCode 400 }}" + change.dump() + "{{ end }}";
  }
  return adaptor;
}

}  // namespace sluice::egctl::nginx
