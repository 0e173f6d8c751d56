// SPDX-License-Identifier: Apache-2.0
#include "filters/cors_adaptor/cors_policy.h"

#include <algorithm>

#include "base/text.h"
#include "http/chars.h"

namespace sluice::filters {
namespace {

constexpr auto kWildcardChars = http::make_table("-.:[]");
constexpr std::size_t kNamesMax = 64;  // of headers in a preflight
constexpr std::string_view kSeveral = ",";

void add_vary(http::Headers& headers, std::string_view name) {
  for (const http::Field& field : headers) {
    if (!http::iequals(field.name, "Vary")) continue;
    std::string_view list = field.value;
    while (!list.empty()) {
      const std::string_view one = trim_ows(take_until(list, ','));
      if (one == "*" || http::iequals(one, name)) return;
    }
  }
  headers.add("Vary", name);
}

void remove_cors_fields(http::Headers& headers) {
  for (const std::string_view name :
       {"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials",
        "Access-Control-Expose-Headers", "Access-Control-Allow-Methods",
        "Access-Control-Allow-Headers", "Access-Control-Max-Age"}) {
    headers.remove(name);
  }
}

std::string join(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out.append(out.empty() ? "" : ", ").append(name);
  return out;
}

bool has(const std::vector<std::string>& list, std::string_view text) {
  return std::ranges::find(list, text) != list.end();
}

bool is_any(const std::vector<std::string>& list) { return has(list, "*"); }

void check_names(const std::vector<std::string>& names, const std::string& path,
                 config::Faults& faults) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!http::is_token(names[i]))
      faults.add(path + "[" + std::to_string(i) + "]",
                 config::quote(names[i]) + " is not a header name");
  }
}

constexpr auto kSchemeChars = http::make_table("+-.");
constexpr auto kOriginHostChars = http::make_table("-.:[]_*");

// Browsers send an origin in this form: a scheme, a host, and a port unless it is the usual one.
std::optional<std::string> origin_fault(const std::string& origin) {
  if (origin == "*" || origin == "null") return std::nullopt;
  const std::size_t end = origin.find("://");
  const std::string scheme = lower_case(origin.substr(0, end));
  const std::string_view host =
      end == std::string::npos ? "" : std::string_view(origin).substr(end + 3);
  if (scheme.empty() || host.empty() || !http::all_in(kSchemeChars, scheme) ||
      !http::all_in(kOriginHostChars, host))
    return config::quote(origin) + " is not an origin, try https://*.example.com";
  if ((scheme == "http" && host.ends_with(":80")) || (scheme == "https" && host.ends_with(":443")))
    return "has the usual port of its scheme, which browsers leave out";
  return std::nullopt;
}

// True if strangers can have a page of this origin: the * stands for the end of the name, or for
// the label before a top-level domain, or the origin is that of any sandboxed frame.
bool may_be_a_stranger(std::string_view origin) {
  const std::size_t star = origin.find('*');
  if (star == std::string_view::npos) return lower_case(origin) == "null";
  // An address in brackets has no star behind a fixed host: the colon of a port follows a name.
  const std::size_t host = origin.find("://") + 3;
  const std::size_t port = origin.find(':', origin[host] == '[' ? star : host);
  if (port < star) return false;  // the * stands for the port
  const std::string_view back =
      origin.substr(star + 1, port == origin.npos ? port : port - star - 1);
  const std::size_t last = back.rfind('.');
  return !back.starts_with('.') || last == 0 || last + 1 == back.size() || back[1] == '.';
}

}  // namespace

void CorsSpec::validate(const std::string& path, config::Faults& faults) const {
  const std::string origins = config::join_path(path, "allowedOrigins");
  for (std::size_t i = 0; i < allowed_origins.size(); ++i) {
    const std::string& origin = allowed_origins[i];
    const std::string where = origins + "[" + std::to_string(i) + "]";
    if (std::ranges::count(origin, '*') > 1) faults.add(where, "has more than one *");
    if (const auto reason = origin_fault(origin)) {
      faults.add(where, *reason);
    } else if (allow_credentials && origin != "*" && may_be_a_stranger(origin)) {
      faults.add(where, "with allowCredentials, a site of a stranger could act for its visitors");
    }
  }
  if (allow_credentials && (allowed_origins.empty() || is_any(allowed_origins))) {
    faults.add(config::join_path(path, "allowCredentials"),
               "needs names in allowedOrigins: with *, every site could act for its visitors");
  }
  check_names(allowed_headers, config::join_path(path, "allowedHeaders"), faults);
  check_names(exposed_headers, config::join_path(path, "exposedHeaders"), faults);
}

CorsPolicy::CorsPolicy(const CorsSpec& spec)
    : any_origin_(spec.allowed_origins.empty() || is_any(spec.allowed_origins)),
      methods_(spec.allowed_methods.empty() ? CorsSpec().allowed_methods : spec.allowed_methods),
      any_header_(is_any(spec.allowed_headers)),
      credentials_(spec.allow_credentials),
      exposed_(join(spec.exposed_headers)) {
  for (const std::string& text : spec.allowed_origins) {
    const std::string origin = lower_case(text);
    const std::size_t star = origin.find('*');
    if (star == std::string::npos) {
      origins_.push_back({origin, std::nullopt});
    } else {
      origins_.push_back({origin.substr(0, star), origin.substr(star + 1)});
    }
  }
  headers_.emplace_back("origin");
  for (const std::string& name : spec.allowed_headers) headers_.push_back(lower_case(name));
  if (spec.max_age != 0) max_age_ = std::to_string(std::max(spec.max_age, 0));
}

std::optional<std::string_view> CorsPolicy::origin_of(const http::Request& request) {
  std::optional<std::string_view> origin;
  for (const http::Field& field : request.headers) {
    if (!http::iequals(field.name, "Origin")) continue;
    origin = origin ? kSeveral : std::string_view(field.value);
  }
  return origin;
}

bool CorsPolicy::is_preflight(const http::Request& request) {
  return request.method == "OPTIONS" && request.headers.contains("Access-Control-Request-Method");
}

bool CorsPolicy::allows_origin(std::string_view origin) const {
  if (origin.empty() || origin == kSeveral) return false;
  if (any_origin_) return true;
  const std::string text = lower_case(origin);
  return std::ranges::any_of(origins_, [&](const Origin& one) {
    if (!one.back) return text == one.front;
    if (text.size() < one.front.size() + one.back->size()) return false;
    if (!text.starts_with(one.front) || !text.ends_with(*one.back)) return false;
    const std::size_t size = text.size() - one.front.size() - one.back->size();
    return http::all_in(kWildcardChars, std::string_view(text).substr(one.front.size(), size));
  });
}

bool CorsPolicy::allows_method(std::string_view method) const {
  return method == "OPTIONS" || has(methods_, method);
}

std::optional<std::string> CorsPolicy::allowed_names(const http::Request& request) const {
  std::string names;
  std::size_t count = 0;
  for (const http::Field& field : request.headers) {
    if (!http::iequals(field.name, "Access-Control-Request-Headers")) continue;
    std::string_view list = field.value;
    while (!list.empty()) {
      const std::string name = lower_case(trim_ows(take_until(list, ',')));
      if (name.empty()) continue;
      if (++count > kNamesMax || !http::is_token(name)) return std::nullopt;
      if (!any_header_ && !has(headers_, name)) return std::nullopt;
      names.append(names.empty() ? "" : ", ").append(name);
    }
  }
  return names;
}

void CorsPolicy::allow(std::string_view origin, http::Headers& headers) const {
  headers.set("Access-Control-Allow-Origin", any_origin_ ? "*" : origin);
  if (credentials_) headers.set("Access-Control-Allow-Credentials", "true");
}

void CorsPolicy::answer_preflight(const http::Request& request, std::string_view origin,
                                  http::Headers& headers) const {
  headers.add("Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
  const auto method = request.headers.get("Access-Control-Request-Method").value_or("");
  const auto names = allowed_names(request);
  if (!allows_origin(origin) || !allows_method(method) || !names) return;
  allow(origin, headers);
  headers.set("Access-Control-Allow-Methods", method);
  if (!names->empty()) headers.set("Access-Control-Allow-Headers", *names);
  if (!max_age_.empty()) headers.set("Access-Control-Max-Age", max_age_);
}

void CorsPolicy::mark(std::string_view method, std::string_view origin,
                      http::Headers& headers) const {
  remove_cors_fields(headers);
  add_vary(headers, "Origin");
  if (origin.empty() || !allows_method(method)) return;
  allow(origin, headers);
  if (!exposed_.empty()) headers.set("Access-Control-Expose-Headers", exposed_);
}

}  // namespace sluice::filters
