// SPDX-License-Identifier: Apache-2.0
#include "egctl/nginx/settings.h"

#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/text.h"

namespace sluice::egctl::nginx {
namespace {

// They concern nginx itself, or its connections to backends.
constexpr std::array<std::string_view, 22> kOfNginxItself = {"user",
                                                             "pid",
                                                             "daemon",
                                                             "events",
                                                             "load_module",
                                                             "master_process",
                                                             "sendfile",
                                                             "tcp_nopush",
                                                             "tcp_nodelay",
                                                             "types",
                                                             "default_type",
                                                             "types_hash_max_size",
                                                             "error_log",
                                                             "proxy_http_version",
                                                             "proxy_buffering",
                                                             "proxy_request_buffering",
                                                             "keepalive",
                                                             "gzip_vary",
                                                             "gzip_proxied",
                                                             "gzip_comp_level",
                                                             "server_tokens",
                                                             "server_names_hash_bucket_size"};
constexpr std::array<std::string_view, 10> kProtections = {
    "auth_basic", "auth_request", "auth_jwt",       "allow",       "deny",
    "internal",   "satisfy",      "valid_referers", "secure_link", "limit_except"};

bool holds(const auto& list, std::string_view name) {
  return std::ranges::find(list, name) != std::ranges::end(list);
}

std::string first_word(const Directive& directive) {
  return directive.words.empty() ? "" : directive.words[0];
}

// "8m" -> 8388608
std::optional<std::int64_t> size_of(std::string_view text) {
  std::int64_t unit = 1;
  if (!text.empty()) {
    const char last = to_lower(text.back());
    if (last == 'k') unit = std::int64_t{1} << 10;
    if (last == 'm') unit = std::int64_t{1} << 20;
    if (last == 'g') unit = std::int64_t{1} << 30;
    if (unit > 1) text.remove_suffix(1);
  }
  const auto number = to_number<int>(text);
  if (!number || *number < 0) return std::nullopt;
  return *number * unit;
}

bool take_size(const Directive& directive, std::int64_t& value, Notes& notes) {
  const auto size = size_of(first_word(directive));
  if (!size) notes.add(directive, "is no size");
  value = size.value_or(value);
  return size.has_value();
}

void protect(const Directive& directive, Settings& settings, Notes& notes) {
  if (directive.name == "auth_basic" && first_word(directive) == "off") return;
  if (directive.name == "allow" && first_word(directive) == "all") return;
  notes.add(directive,
            "is not converted: what it protects answers 403 until you protect it "
            "yourself (ipFilter, Validator)");
  settings.protection = directive.name + " at " + directive.place();
}

bool take_one(const Directive& directive, Settings& settings, Notes& notes) {
  const std::string& name = directive.name;
  if (name == "proxy_set_header") {
    settings.headers.push_back(directive);
  } else if (name == "gzip") {
    settings.gzip = first_word(directive) == "on";
  } else if (name == "gzip_min_length") {
    (void)take_size(directive, settings.gzip_min_length, notes);
  } else if (name == "client_max_body_size") {
    std::int64_t bytes = 0;
    if (take_size(directive, bytes, notes)) settings.body_bytes_max = bytes;
  } else if (name == "root") {
    settings.root = first_word(directive);
  } else if (name == "index") {
    settings.index = directive.words;
  } else if (holds(kProtections, name)) {
    protect(directive, settings, notes);
  } else {
    return holds(kOfNginxItself, name) || name.starts_with("worker_");
  }
  return true;
}

// The variables that setHeaders has too.
bool is_known(std::string_view name) {
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
  return holds(kKnown, name);
}

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

struct Constants {
  std::string server_name;
  std::string server_port;
  std::string proxy_host;
};

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
    } else if (is_known(name)) {
      out += "${" + std::string(name) + "}";
    } else {
      return std::nullopt;
    }
  }
  return out;
}

void change_host(const Directive& directive, const std::string& value, HeaderChanges& changes,
                 Notes& notes) {
  changes.keep_host = false;
  changes.host.clear();
  if (value == "${host}" || value == "${http_host}") {
    changes.keep_host = true;
  } else if (value.find('$') == std::string::npos) {
    changes.host = value;
  } else {
    notes.not_converted(directive);
  }
}

}  // namespace

std::vector<const Directive*> take_settings(const std::vector<Directive>& block, Settings& settings,
                                            Notes& notes) {
  const bool own_headers = std::ranges::any_of(
      block, [](const Directive& one) { return one.name == "proxy_set_header"; });
  if (own_headers) settings.headers.clear();
  std::vector<const Directive*> rest;
  for (const Directive& directive : block) {
    if (!take_one(directive, settings, notes)) rest.push_back(&directive);
  }
  return rest;
}

HeaderChanges header_changes(const Settings& settings, const std::string& server_name, int port,
                             const std::string& proxy_host, Notes& notes) {
  HeaderChanges changes{.set = Json::object(), .host = proxy_host};
  const Constants constants{server_name, std::to_string(port), proxy_host};
  for (const Directive& directive : settings.headers) {
    if (directive.words.size() != 2) {
      notes.not_converted(directive);
      continue;
    }
    const std::string name = lower_case(directive.words[0]);
    // The Proxy passes upgrades on by itself.
    if (name == "upgrade" || name == "connection") continue;
    const auto value = translate(directive.words[1], constants);
    if (!value) {
      notes.add(directive, "has a variable without a counterpart, and is not converted");
    } else if (name == "host") {
      change_host(directive, *value, changes, notes);
    } else {
      changes.set[directive.words[0]] = *value;
    }
  }
  return changes;
}

}  // namespace sluice::egctl::nginx
