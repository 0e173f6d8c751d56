// SPDX-License-Identifier: Apache-2.0
#include "router/request_variable.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "base/encoding.h"
#include "base/host_port.h"
#include "base/text.h"
#include "http/cookie.h"
#include "http/query.h"

namespace sluice::router {
namespace {

using http::Request;
using Facts = HeaderFacts;

std::string cookie_value(const Request& request, std::string_view name) {
  for (const http::Field& field : request.headers) {
    if (!http::iequals(field.name, "Cookie")) continue;
    for (const http::CookiePair& pair : http::parse_cookies(field.value)) {
      if (pair.name == name) return std::string(pair.value);
    }
  }
  return "";
}

// Joins all fields of the name (RFC 9110 section 5.3).
std::string field_value(const Request& request, std::string_view name) {
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

// The user of Basic authentication (RFC 7617). Nothing has checked the password.
std::string basic_user(const Request& request) {
  constexpr std::string_view kScheme = "Basic ";
  const auto value = request.headers.get("Authorization");
  if (!value || !http::iequals(value->substr(0, kScheme.size()), kScheme)) return "";
  const auto decoded = base64_decode(trim_ows(value->substr(kScheme.size())));
  return decoded ? decoded->substr(0, decoded->find(':')) : "";
}

std::string forwarded_for(const Request& request, const Facts& facts) {
  std::string all = field_value(request, "X-Forwarded-For");
  if (!all.empty() && !facts.client_ip.empty()) all += ", ";
  return all += facts.client_ip;
}

std::string utc(const char* format) {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[64];
  return {text, std::strftime(text, sizeof text, format, &parts)};
}

// Seconds with three places.
std::string seconds(std::chrono::milliseconds time) {
  char text[32];
  const int size =
      std::snprintf(text, sizeof text, "%lld.%03lld", static_cast<long long>(time.count() / 1000),
                    static_cast<long long>(time.count() % 1000));
  return {text, static_cast<std::size_t>(std::max(size, 0))};
}

std::string unix_time() {
  using std::chrono::milliseconds;
  return seconds(std::chrono::duration_cast<milliseconds>(
      std::chrono::system_clock::now().time_since_epoch()));
}

std::string bare_host(const Request& request, const Facts&, const std::string&) {
  return std::string(split_host_port(request.host).host);
}
std::string query(const Request& request, const Facts&, const std::string&) {
  return request.query;
}
std::string now_ms(const Request&, const Facts&, const std::string&) { return unix_time(); }

}  // namespace

const RequestVariable::Known RequestVariable::kWhole[] = {
    {"args", query},
    {"content_length", [](const Request& request, const Facts&,
                          const std::string&) { return field_value(request, "Content-Length"); }},
    {"content_type", [](const Request& request, const Facts&,
                        const std::string&) { return field_value(request, "Content-Type"); }},
    {"host", bare_host},
    {"hostname", bare_host},
    {"msec", now_ms},
    {"proxy_add_x_forwarded_for", [](const Request& request, const Facts& facts,
                                     const std::string&) { return forwarded_for(request, facts); }},
    {"query_string", query},
    {"remote_addr", [](const Request&, const Facts& facts,
                       const std::string&) { return std::string(facts.client_ip); }},
    {"remote_user",
     [](const Request& request, const Facts&, const std::string&) { return basic_user(request); }},
    {"request",
     [](const Request& request, const Facts&, const std::string&) {
       return request.method + " " + request.target() + " " +
              std::string(http::to_string(request.version));
     }},
    {"request_length",
     [](const Request& request, const Facts&, const std::string&) {
       std::string length = field_value(request, "Content-Length");
       return length.empty() ? "0" : length;
     }},
    {"request_method",
     [](const Request& request, const Facts&, const std::string&) { return request.method; }},
    {"request_time",
     [](const Request&, const Facts& facts, const std::string&) {
       return seconds(std::chrono::duration_cast<std::chrono::milliseconds>(facts.since_begin));
     }},
    {"request_uri",
     [](const Request& request, const Facts&, const std::string&) { return request.target(); }},
    {"scheme",
     [](const Request& request, const Facts&, const std::string&) { return request.scheme; }},
    {"server_name", bare_host},
    {"server_protocol",
     [](const Request& request, const Facts&,
        const std::string&) { return std::string(http::to_string(request.version)); }},
    {"time_iso8601", [](const Request&, const Facts&,
                        const std::string&) { return utc("%Y-%m-%dT%H:%M:%S+00:00"); }},
    {"time_local", [](const Request&, const Facts&,
                      const std::string&) { return utc("%d/%b/%Y:%H:%M:%S +0000"); }},
    {"time_msec", now_ms},
    {"uri", [](const Request& request, const Facts&, const std::string&) { return request.path; }},
};

const RequestVariable::Known RequestVariable::kFamilies[] = {
    {"arg_", [](const Request& request, const Facts&,
                const std::string& name) { return http::query_parameter(request.query, name); }},
    {"cookie_", [](const Request& request, const Facts&,
                   const std::string& name) { return cookie_value(request, name); }},
    {"http_", [](const Request& request, const Facts&,
                 const std::string& name) { return field_value(request, name); }},
};

std::optional<RequestVariable> RequestVariable::find(std::string_view name,
                                                     const std::vector<std::string>& names) {
  RequestVariable out;
  if (std::ranges::find(names, name) != names.end()) {
    out.name_ = name;
    out.reader_ = [](const Request&, const Facts& facts, const std::string& wanted) {
      if (facts.captures == nullptr) return std::string();
      const auto found =
          std::ranges::find(*facts.captures, wanted, &std::pair<std::string, std::string>::first);
      return found == facts.captures->end() ? std::string() : found->second;
    };
    return out;
  }
  for (const Known& known : kWhole) {
    if (known.name == name) out.reader_ = known.reader;
  }
  for (const Known& known : kFamilies) {
    if (!name.starts_with(known.name) || name.size() == known.name.size()) continue;
    out.reader_ = known.reader;
    out.name_ = name.substr(known.name.size());
    if (known.name == "http_") std::ranges::replace(out.name_, '_', '-');
  }
  return out.reader_ == nullptr ? std::nullopt : std::optional(std::move(out));
}

std::string RequestVariable::value(const Request& request, const HeaderFacts& facts) const {
  return reader_ == nullptr ? "" : reader_(request, facts, name_);
}

}  // namespace sluice::router
