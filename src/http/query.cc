// SPDX-License-Identifier: Apache-2.0
#include "http/query.h"

#include <optional>
#include <string>

#include "http/chars.h"
#include "http/message.h"

namespace sluice::http {
namespace {

std::string decode_form(std::string_view text) {
  std::string spaced(text);
  for (char& c : spaced) {
    if (c == '+') c = ' ';
  }
  std::string out;
  if (!percent_decode(spaced, out)) out.clear();
  return out;
}

}  // namespace

void for_each_parameter(std::string_view query, std::string_view name,
                        const std::function<void(std::string_view)>& visit) {
  while (!query.empty()) {
    const std::string_view pair = take_until(query, '&');
    const std::size_t equals = pair.find('=');
    if (decode_form(pair.substr(0, equals)) != name || pair.empty()) continue;
    visit(equals == std::string_view::npos ? "" : decode_form(pair.substr(equals + 1)));
  }
}

std::string query_parameter(std::string_view query, std::string_view name) {
  std::optional<std::string> first;
  for_each_parameter(query, name, [&](std::string_view value) {
    if (!first) first = value;
  });
  return first.value_or("");
}

}  // namespace sluice::http
