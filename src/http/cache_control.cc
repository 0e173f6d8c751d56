// SPDX-License-Identifier: Apache-2.0
#include "http/cache_control.h"

#include <algorithm>

#include "base/text.h"

namespace sluice::http {
namespace {

void apply(std::string_view directive, CacheControl& control) {
  const std::size_t equals = directive.find('=');
  const std::string_view name = trim_ows(directive.substr(0, equals));
  const auto seconds = [&] {
    if (equals == std::string_view::npos) return std::int64_t{0};
    return parse_delta_seconds(unquote(trim_ows(directive.substr(equals + 1)))).value_or(0);
  };
  // If two values differ, the shorter is the safer.
  const auto shorter = [&](std::optional<std::int64_t>& value) {
    value = std::min(value.value_or(kDeltaSecondsMax), seconds());
  };
  if (iequals(name, "no-store")) control.no_store = true;
  if (iequals(name, "no-cache")) control.no_cache = true;
  if (iequals(name, "private")) control.is_private = true;
  if (iequals(name, "public")) control.is_public = true;
  if (iequals(name, "must-revalidate")) control.must_revalidate = true;
  if (iequals(name, "proxy-revalidate")) control.proxy_revalidate = true;
  if (iequals(name, "must-understand")) control.must_understand = true;
  if (iequals(name, "no-transform")) control.no_transform = true;
  if (iequals(name, "only-if-cached")) control.only_if_cached = true;
  if (iequals(name, "max-age")) shorter(control.max_age);
  if (iequals(name, "s-maxage")) shorter(control.s_maxage);
  if (iequals(name, "min-fresh")) control.min_fresh = seconds();
  if (iequals(name, "max-stale"))
    control.max_stale = equals == std::string_view::npos ? kDeltaSecondsMax : seconds();
  if (iequals(name, "stale-while-revalidate")) shorter(control.stale_while_revalidate);
  if (iequals(name, "stale-if-error")) shorter(control.stale_if_error);
}

}  // namespace

CacheControl parse_cache_control(const Headers& headers) {
  CacheControl control;
  for (const Field& field : headers) {
    if (!iequals(field.name, "Cache-Control")) continue;
    for_each_element(field.value, [&](std::string_view element) { apply(element, control); });
  }
  return control;
}

std::string combined(const Headers& headers, std::string_view name) {
  std::string all;
  for (const Field& field : headers) {
    if (!iequals(field.name, name)) continue;
    if (!all.empty()) all += ", ";
    all += field.value;
  }
  return all;
}

bool list_contains(std::string_view list, std::string_view element) {
  bool found = false;
  for_each_element(list, [&](std::string_view each) { found = found || iequals(each, element); });
  return found;
}

void for_each_element(std::string_view list, const std::function<void(std::string_view)>& each) {
  bool quoted = false;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= list.size(); ++i) {
    if (i < list.size() && list[i] == '"') quoted = !quoted;
    if (i < list.size() && quoted && list[i] == '\\') {
      ++i;  // a quoted pair: the next character is literal
      continue;
    }
    if (i < list.size() && (quoted || list[i] != ',')) continue;
    const std::string_view element = trim_ows(list.substr(begin, i - begin));
    if (!element.empty()) each(element);
    begin = i + 1;
  }
}

std::optional<std::int64_t> parse_delta_seconds(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::int64_t value = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    value = std::min(value * 10 + (c - '0'), kDeltaSecondsMax);
  }
  return value;
}

}  // namespace sluice::http
