// SPDX-License-Identifier: Apache-2.0
#include "egctl/nginx/request_headers.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace sluice::egctl::nginx {
namespace {

std::string_view take_variable(std::string_view& text) {
  const bool braces = text.starts_with('{');
  if (braces) text.remove_prefix(1);
  std::size_t end = 0;
  while (end < text.size() && (is_alphanumeric(text[end]) || text[end] == '_')) ++end;
  const std::string_view name = text.substr(0, end);
  text.remove_prefix(end);
  if (braces && text.starts_with('}')) text.remove_prefix(1);
  return name;
}

// The text in the form of setHeaders; nullopt: a variable has no counterpart.
std::optional<std::string> translate(std::string_view text, const Constants& constants) {
  std::string out;
  while (!text.empty()) {
    const std::size_t dollar = std::min(text.find('$'), text.size());
    out += text.substr(0, dollar);
    text.remove_prefix(dollar);
    if (text.empty()) break;
    text.remove_prefix(1);
    const std::string_view name = take_variable(text);
    if (name == "server_name") {
      out += constants.server_name;
    } else if (name == "server_port") {
      out += constants.server_port;
    } else if (name == "proxy_host") {
      out += constants.proxy_host;
    } else if (is_variable(name)) {
      out += "${" + std::string(name) + "}";
    } else {
      return std::nullopt;
    }
  }
  return out;
}

// False: no counterpart.
bool change_host(const std::string& value, HeaderChanges& changes) {
  changes.keep_host = value == "${host}" || value == "${http_host}";
  changes.host = changes.keep_host ? "" : value;
  return changes.keep_host || (!value.empty() && value.find('$') == std::string::npos);
}

}  // namespace

bool is_variable(std::string_view name) {
  constexpr std::array<std::string_view, 21> kKnown = {"request_method",
                                                       "request_uri",
                                                       "uri",
                                                       "request",
                                                       "scheme",
                                                       "query_string",
                                                       "args",
                                                       "host",
                                                       "hostname",
                                                       "http_host",
                                                       "remote_addr",
                                                       "remote_user",
                                                       "proxy_add_x_forwarded_for",
                                                       "time_iso8601",
                                                       "time_local",
                                                       "msec",
                                                       "content_type",
                                                       "content_length",
                                                       "server_protocol",
                                                       "request_time",
                                                       "request_length"};
  for (const char* family : {"http_", "arg_", "cookie_"}) {
    if (name.starts_with(family) && name.size() > std::string_view(family).size()) return true;
  }
  return std::ranges::find(kKnown, name) != kKnown.end();
}

std::optional<HeaderChanges> header_changes(const std::vector<Directive>& headers,
                                            const Constants& constants, Notes& notes) {
  HeaderChanges changes{.set = Json::object(), .host = constants.proxy_host};
  for (const Directive& directive : headers) {
    const std::string name = directive.words.empty() ? "" : lower_case(directive.words[0]);
    // The Proxy passes upgrades on by itself.
    if (name == "upgrade" || name == "connection") continue;
    const auto value =
        directive.words.size() == 2 ? translate(directive.words[1], constants) : std::nullopt;
    if (name == "host" || name.empty()) {
      if (value && change_host(*value, changes)) continue;
      notes.add(directive, "is not converted, and its location is closed");
      return std::nullopt;
    }
    if (!value) notes.add(directive, "has a variable without a counterpart: the field is removed");
    changes.set[directive.words[0]] = value.value_or("");
  }
  return changes;
}

}  // namespace sluice::egctl::nginx
