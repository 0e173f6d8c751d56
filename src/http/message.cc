// SPDX-License-Identifier: Apache-2.0
#include "http/message.h"

#include "base/host_port.h"
#include "base/text_fill.h"
#include "http/chars.h"

namespace sluice::http {
namespace {

constexpr std::size_t kPortDigitsMax = 5;
constexpr std::size_t kIpv6CharsMax = 45;

// Takes the scheme off an absolute-form target; returns "" if it has none that we serve.
std::string_view take_scheme(std::string_view& target) {
  for (const std::string_view scheme : {"http", "https"}) {
    const std::size_t end = scheme.size() + 3;
    if (target.size() < end || !iequals(target.substr(0, scheme.size()), scheme)) continue;
    if (target.substr(scheme.size(), 3) != "://") continue;
    target.remove_prefix(end);
    return scheme;
  }
  return "";
}

bool is_port(std::string_view text) {
  if (text.size() > kPortDigitsMax) return false;
  int port = 0;
  for (const char c : text) {
    if (!is_digit(c)) return false;
    port = port * 10 + (c - '0');
  }
  return port <= 65535;
}

bool is_ipv6(std::string_view text) {
  if (text.size() < 2 || text.size() > kIpv6CharsMax) return false;
  if (text.find(':') == std::string_view::npos) return false;
  for (const char c : text) {
    if (hex_value(c) < 0 && c != ':' && c != '.') return false;
  }
  return true;
}

}  // namespace

std::string_view to_string(Version version) {
  switch (version) {
    case Version::http10:
      return "HTTP/1.0";
    case Version::http11:
      return "HTTP/1.1";
    case Version::http2:
      return "HTTP/2.0";
  }
  return "";
}

bool Request::set_target(std::string_view target) {
  if (!all_in(kTargetChars, target)) return false;
  has_query = false;
  query.clear();
  if (target == "*") {
    escaped_path = path = "*";
    return true;
  }
  if (!target.starts_with('/')) {
    const std::string_view of = take_scheme(target);
    const std::string_view authority = target.substr(0, target.find_first_of("/?"));
    if (of.empty() || !is_host(authority)) return false;
    scheme = of;
    host = authority;
    target.remove_prefix(authority.size());
  }
  const std::size_t question = target.find('?');
  if (question != std::string_view::npos) {
    has_query = true;
    assign_text(query, target.substr(question + 1));
    target = target.substr(0, question);
  }
  assign_text(escaped_path, target.empty() ? "/" : target);
  if (escaped_path.find('%') != std::string::npos) return percent_decode(escaped_path, path);
  assign_text(path, escaped_path);
  return true;
}

void Request::set_path(std::string_view decoded) {
  if (decoded == path) return;  // keeps the client's spelling
  std::string whole(decoded);
  if (!whole.starts_with('/') && !(whole == "*" && method == "OPTIONS")) whole.insert(0, 1, '/');
  escaped_path = percent_encode_path(whole);
  path = std::move(whole);
}

std::string Request::target() const {
  std::string out = escaped_path;
  if (has_query || !query.empty()) out.append(1, '?').append(query);
  return out;
}

void Request::copy_head(const Request& other) {
  clear();
  version = other.version;
  method = other.method;
  scheme = other.scheme;
  host = other.host;
  escaped_path = other.escaped_path;
  path = other.path;
  query = other.query;
  has_query = other.has_query;
  fragment = other.fragment;
  headers = other.headers;
  wants_trailers = other.wants_trailers;
}

void Request::clear() {
  version = Version::http11;
  has_query = false;
  wants_trailers = false;
  for (std::string* text :
       {&method, &scheme, &host, &escaped_path, &path, &query, &fragment, &upgrade}) {
    text->clear();
  }
  headers.clear();
  body.clear();
  upgraded.reset();
}

void Response::clear() {
  status = 200;
  cause = Cause::none;
  headers.clear();
  body.clear();
}

bool percent_decode(std::string_view text, std::string& out) {
  out.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (text.size() - i < 3) return false;
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return false;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == '\0') return false;
    out.push_back(c);
  }
  return true;
}

std::string percent_encode_path(std::string_view decoded) {
  std::string out;
  out.reserve(decoded.size());
  for (const char c : decoded) {
    if (is_in(kPathChars, c)) {
      out.push_back(c);
    } else {
      append_percent_encoded(out, c);
    }
  }
  return out;
}

bool is_host(std::string_view text) {
  const HostPort parts = split_host_port(text);
  if (!parts.rest.empty() && (parts.rest.front() != ':' || !is_port(parts.rest.substr(1))))
    return false;
  if (is_bracketed(parts.host)) return is_ipv6(without_brackets(parts.host));
  return !parts.host.empty() && all_in(kHostChars, parts.host);
}

}  // namespace sluice::http
