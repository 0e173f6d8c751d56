// SPDX-License-Identifier: Apache-2.0
#include "router/header_template.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/host_port.h"
#include "base/text.h"
#include "http/cookie.h"
#include "http/query.h"

namespace sluice::router {
namespace {

constexpr std::array<std::string_view, 7> kFraming{
    "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "TE", "Trailer", "Upgrade"};

bool is_variable_char(char c) { return is_alphanumeric(c) || c == '_'; }

struct Reference {
  std::string_view name;
  std::string_view fallback;
};

// Takes `name`, `{name}` or `{name:fallback}` off the text that follows a dollar. Returns an empty
// name if there is none.
Reference take_reference(std::string_view& text) {
  if (!text.starts_with('{')) {
    const auto end = std::ranges::find_if_not(text, is_variable_char);
    const std::string_view name = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    text.remove_prefix(name.size());
    return {name, ""};
  }
  const std::size_t end = text.find('}');
  if (end == text.npos) return {};
  const std::string_view inner = text.substr(1, end - 1);
  text.remove_prefix(end + 1);
  const std::size_t colon = inner.find(':');
  if (colon == inner.npos) return {inner, ""};
  return {inner.substr(0, colon), inner.substr(colon + 1)};
}

std::string cookie_value(const http::Request& request, std::string_view name) {
  for (const http::Field& field : request.headers) {
    if (!http::iequals(field.name, "Cookie")) continue;
    for (const http::CookiePair& pair : http::parse_cookies(field.value)) {
      if (pair.name == name) return std::string(pair.value);
    }
  }
  return "";
}

// Joins all fields of the name (RFC 9110 section 5.3).
std::string field_value(const http::Request& request, std::string_view name) {
  if (http::iequals(name, "Host")) return request.host;
  const std::string_view separator = http::iequals(name, "Cookie") ? "; " : ", ";
  std::string all;
  for (const http::Field& field : request.headers) {
    if (!http::iequals(field.name, name) || field.value.empty()) continue;
    if (!all.empty()) all += separator;
    all += field.value;
  }
  return all;
}

}  // namespace

HeaderTemplate::HeaderTemplate(const std::string& text, const std::string& path,
                               config::Faults& faults) {
  std::string_view rest = text;
  std::string literal;
  while (!rest.empty()) {
    const char c = rest.front();
    rest.remove_prefix(1);
    const Reference reference = c == '$' ? take_reference(rest) : Reference{};
    if (reference.name.empty()) {
      literal += c;
      continue;
    }
    Part part{std::exchange(literal, {}), Variable::none, "", std::string(reference.fallback)};
    if (!resolve(reference.name, part)) {
      faults.add(path, config::quote(reference.name) +
                           " is no variable, try $host, $remote_addr, "
                           "$uri, $args, $arg_x, $http_x or $cookie_x");
    }
    parts_.push_back(std::move(part));
  }
  parts_.push_back({std::move(literal), Variable::none, "", ""});
  if (!http::is_field_value(text)) faults.add(path, "has control characters");
}

bool HeaderTemplate::resolve(std::string_view name, Part& part) {
  using Known = std::pair<std::string_view, Variable>;
  constexpr std::array kPlain{Known{"host", Variable::host},
                              Known{"remote_addr", Variable::remote_addr},
                              Known{"uri", Variable::uri}, Known{"args", Variable::args}};
  constexpr std::array kNamed{Known{"arg_", Variable::arg}, Known{"http_", Variable::http},
                              Known{"cookie_", Variable::cookie}};
  for (const auto& [known, variable] : kPlain) {
    if (name == known) part.variable = variable;
  }
  for (const auto& [known, variable] : kNamed) {
    if (!name.starts_with(known) || name.size() == known.size()) continue;
    part.variable = variable;
    part.name = name.substr(known.size());
    if (variable == Variable::http) std::ranges::replace(part.name, '_', '-');
  }
  return part.variable != Variable::none;
}

std::string HeaderTemplate::value_of(const Part& part, const http::Request& request,
                                     std::string_view client_ip) {
  switch (part.variable) {
    case Variable::none:
      return "";
    case Variable::host:
      return std::string(split_host_port(request.host).host);
    case Variable::remote_addr:
      return std::string(client_ip);
    case Variable::uri:
      return request.path;
    case Variable::args:
      return request.query;
    case Variable::arg:
      return http::query_parameter(request.query, part.name);
    case Variable::http:
      return field_value(request, part.name);
    case Variable::cookie:
      return cookie_value(request, part.name);
  }
  return "";
}

std::string HeaderTemplate::expand(const http::Request& request, std::string_view client_ip) const {
  std::string out;
  for (const Part& part : parts_) {
    const std::string value = value_of(part, request, client_ip);
    out += part.literal;
    out += value.empty() ? part.fallback : value;
  }
  return out;
}

HeaderSetter::HeaderSetter(const std::map<std::string, std::string>& templates,
                           const std::string& path, config::Faults& faults) {
  for (const auto& [name, text] : templates) {
    const std::string where = config::join_path(path, name);
    const auto is_same = [&name = name](std::string_view other) {
      return http::iequals(name, other);
    };
    if (!http::is_token(name)) {
      faults.add(where, config::quote(name) + " is not the name of a header");
    } else if (std::ranges::any_of(kFraming, is_same)) {
      faults.add(where, "belongs to the connection and cannot be set");
    }
    entries_.push_back({http::canonical_name(name), HeaderTemplate(text, where, faults)});
  }
}

void HeaderSetter::apply(http::Request& request, std::string_view client_ip) const {
  std::vector<std::string> values;
  values.reserve(entries_.size());
  for (const Entry& entry : entries_) values.push_back(entry.value.expand(request, client_ip));
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const std::string& name = entries_[i].name;
    if (name == "Host") {
      if (http::is_host(values[i])) request.host = values[i];
    } else if (values[i].empty() || !http::is_field_value(values[i])) {
      request.headers.remove(name);
    } else {
      request.headers.set(name, values[i]);
    }
  }
}

}  // namespace sluice::router
