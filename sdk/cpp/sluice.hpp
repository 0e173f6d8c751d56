// SPDX-License-Identifier: Apache-2.0
// The C++ SDK of Sluice, over the C one: texts are std::string, arguments std::string_view.
//
// A program is a class with a constructor from sluice::Params and a function run(), named by
// SLUICE_PROGRAM. C++17, compiled with -fno-exceptions -mexec-model=reactor.
//
// Errors: sluice::fail() logs its reason and ends the run with wasmError, as does a call that the
// gateway refuses. Absent values are empty strings, absent cookies and numbers std::nullopt.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../c/sluice.h"

namespace sluice {

// The parameters in the configuration of the filter.
using Params = std::map<std::string, std::string, std::less<>>;

// Names and values in their order; names may repeat.
using Headers = std::vector<std::pair<std::string, std::string>>;

namespace detail {

// What a call leaves in the arena ends with the scope.
class Scope {
 public:
  Scope() : mark_(sluice_mark()) {}
  ~Scope() { sluice_release(mark_); }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

 private:
  sluice_mark_of_arena mark_;
};

inline sluice_text text(std::string_view view) {
  return sluice_text_of(view.data(), static_cast<std::uint32_t>(view.size()));
}
inline std::string string(sluice_text text) { return std::string(text.at, text.size); }

template <auto function, class... Arguments>
std::string get(Arguments... arguments) {
  const Scope scope;
  return string(function(text(arguments)...));
}

inline Headers headers(sluice_text rest) {
  Headers all;
  sluice_text name;
  sluice_text value;
  while (sluice_next_field(&rest, &name, &value)) all.emplace_back(string(name), string(value));
  return all;
}

template <auto function>
void set_headers(const Headers& all) {
  const Scope scope;
  sluice_text lines = sluice_text_of(nullptr, 0);
  for (const auto& [name, value] : all) lines = sluice_field(lines, text(name), text(value));
  function(lines);
}

}  // namespace detail

// --- log, add_tag, rand, now ---------------------------------------------------------------------

enum class Level { debug, info, warning, error };

// Writes a line to the log of the gateway.
inline void log(Level level, std::string_view message) {
  sluice_log(static_cast<sluice_level>(level), detail::text(message));
}

// Logs the reason and ends the run with wasmError. Nothing that the run did remains.
[[noreturn]] inline void fail(std::string_view reason) { sluice_fail(detail::text(reason)); }

// Adds a tag to the line of the request in the access log.
inline void add_tag(std::string_view tag) { sluice_add_tag(detail::text(tag)); }

// A random number, at least 0 and less than 1.
inline double rand() { return sluice_rand(); }

// Milliseconds since 1970-01-01 UTC.
inline std::int64_t now() { return sluice_now(); }

// --- parameters ----------------------------------------------------------------------------------

// Milliseconds since 1970 of a date such as 2026-08-08T00:00:00+08:00; see sluice_parse_date().
inline std::optional<std::int64_t> parse_date(std::string_view text) {
  std::int64_t milliseconds = 0;
  if (!sluice_parse_date(detail::text(text), &milliseconds)) return std::nullopt;
  return milliseconds;
}

// The same of a time that may end with the name of a zone behind a blank; `zone` is the zone of a text
// that has none: see sluice_parse_date_in().
inline std::int64_t parse_date_in(std::string_view text, std::string_view zone) {
  return sluice_parse_date_in(detail::text(text), detail::text(zone));
}

// By name and type, in the constructor of the program. A value that is none of the type, a missing
// one, and, once there is one call, a parameter that nobody asks for are refused with their name when
// the filter is applied. `otherwise` is the value of one that is not given.
namespace parameter {

inline std::string text(std::string_view name) {
  const detail::Scope scope;
  return detail::string(sluice_parameter(detail::text(name), SLUICE_TEXT("text")));
}
inline std::string text(std::string_view name, std::string_view otherwise) {
  const detail::Scope scope;
  return detail::string(
      sluice_parameter_or(detail::text(name), SLUICE_TEXT("text"), detail::text(otherwise)));
}
inline std::int64_t integer(std::string_view name) {
  return sluice_parameter_integer(detail::text(name));
}
inline std::int64_t integer(std::string_view name, std::int64_t otherwise) {
  return sluice_parameter_integer_or(detail::text(name), sluice_from_integer(otherwise));
}
inline double number(std::string_view name) { return sluice_parameter_number(detail::text(name)); }
// `otherwise` is a decimal number.
inline double number(std::string_view name, std::string_view otherwise) {
  return sluice_parameter_number_or(detail::text(name), detail::text(otherwise));
}
inline bool boolean(std::string_view name) { return sluice_parameter_boolean(detail::text(name)); }
inline bool boolean(std::string_view name, bool otherwise) {
  return sluice_parameter_boolean_or(detail::text(name),
                                     detail::text(otherwise ? "true" : "false"));
}
// Milliseconds, of a text such as 1m30s.
inline std::int64_t duration(std::string_view name) {
  return sluice_parameter_duration(detail::text(name));
}
inline std::int64_t duration(std::string_view name, std::string_view otherwise) {
  return sluice_parameter_duration_or(detail::text(name), detail::text(otherwise));
}
// Milliseconds since 1970, of a time with its zone.
inline std::int64_t time(std::string_view name) { return sluice_parameter_time(detail::text(name)); }
inline std::int64_t time(std::string_view name, std::string_view otherwise) {
  return sluice_parameter_time_or(detail::text(name), detail::text(otherwise));
}

}  // namespace parameter

// The value of a decimal number such as 100, -3 or 0.4.
inline std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  if (!sluice_to_number(detail::text(text), &value)) return std::nullopt;
  return value;
}

// --- cookie --------------------------------------------------------------------------------------

enum class SameSite { unset, lax, strict, none };

// A cookie of a request has name and value only.
struct Cookie {
  std::string name;
  std::string value;
  std::string path;
  std::string domain;
  std::string expires;
  std::int32_t max_age = 0;  // seconds; 0: no attribute, negative: delete now
  bool secure = false;
  bool http_only = false;
  SameSite same_site = SameSite::unset;

  // Reads a pair of a Cookie header or a whole Set-Cookie header.
  [[nodiscard]] static std::optional<Cookie> parse(std::string_view text) {
    sluice_cookie found;
    if (!sluice_cookie_parse(detail::text(text), &found)) return std::nullopt;
    return of(found);
  }

  // The text of a Set-Cookie header.
  [[nodiscard]] std::string text() const {
    const detail::Scope scope;
    const sluice_cookie cookie = view();
    return detail::string(sluice_cookie_text(&cookie));
  }

  [[nodiscard]] static Cookie of(const sluice_cookie& from) {
    return {detail::string(from.name),
            detail::string(from.value),
            detail::string(from.path),
            detail::string(from.domain),
            detail::string(from.expires),
            from.max_age,
            from.secure,
            from.http_only,
            static_cast<SameSite>(from.same_site)};
  }

  // Valid as long as the cookie.
  [[nodiscard]] sluice_cookie view() const {
    return {detail::text(name),
            detail::text(value),
            detail::text(path),
            detail::text(domain),
            detail::text(expires),
            max_age,
            secure,
            http_only,
            static_cast<sluice_same_site>(same_site)};
  }
};

// --- request -------------------------------------------------------------------------------------

namespace request {

// The address of the client, behind trusted proxies, too.
inline std::string get_real_ip() { return detail::get<sluice_request_get_real_ip>(); }
// http or https.
inline std::string get_scheme() { return detail::get<sluice_request_get_scheme>(); }
// The protocol, such as HTTP/1.1.
inline std::string get_proto() { return detail::get<sluice_request_get_proto>(); }
inline std::string get_method() { return detail::get<sluice_request_get_method>(); }
inline void set_method(std::string_view method) { sluice_request_set_method(detail::text(method)); }
// The Host header, with the port if there is one.
inline std::string get_host() { return detail::get<sluice_request_get_host>(); }
inline void set_host(std::string_view host) { sluice_request_set_host(detail::text(host)); }
// The path, decoded.
inline std::string get_path() { return detail::get<sluice_request_get_path>(); }
inline void set_path(std::string_view path) { sluice_request_set_path(detail::text(path)); }
// The path with its escapes.
inline std::string get_escaped_path() { return detail::get<sluice_request_get_escaped_path>(); }
// The query without the question mark.
inline std::string get_query() { return detail::get<sluice_request_get_query>(); }
inline void set_query(std::string_view query) { sluice_request_set_query(detail::text(query)); }
// Empty as a rule: clients do not send the fragment.
inline std::string get_fragment() { return detail::get<sluice_request_get_fragment>(); }
// The first value of the header, in any case of its name.
inline std::string get_header(std::string_view name) {
  return detail::get<sluice_request_get_header>(name);
}
// All headers but Host.
inline Headers get_all_header() {
  const detail::Scope scope;
  return detail::headers(sluice_request_get_all_header());
}
// Replaces all headers. A line break in a value becomes a blank; a name that has one fails.
inline void set_all_header(const Headers& all) {
  detail::set_headers<sluice_request_set_all_header>(all);
}
// Replaces all values of the header by this one.
inline void set_header(std::string_view name, std::string_view value) {
  sluice_request_set_header(detail::text(name), detail::text(value));
}
inline void add_header(std::string_view name, std::string_view value) {
  sluice_request_add_header(detail::text(name), detail::text(value));
}
inline void del_header(std::string_view name) { sluice_request_del_header(detail::text(name)); }
inline std::optional<Cookie> get_cookie(std::string_view name) {
  const detail::Scope scope;
  sluice_cookie found;
  if (!sluice_request_get_cookie(detail::text(name), &found)) return std::nullopt;
  return Cookie::of(found);
}
inline std::vector<Cookie> get_all_cookie() {
  const detail::Scope scope;
  std::uint32_t count = 0;
  const sluice_cookie* cookies = sluice_request_get_all_cookie(&count);
  std::vector<Cookie> all;
  for (std::uint32_t i = 0; i < count; ++i) all.push_back(Cookie::of(cookies[i]));
  return all;
}
// Adds a cookie to the request, which carries its name and value only.
inline void add_cookie(const Cookie& cookie) {
  const sluice_cookie view = cookie.view();
  sluice_request_add_cookie(&view);
}
// The body. The run fails if the server streams it.
inline std::string get_body() { return detail::get<sluice_request_get_body>(); }
inline void set_body(std::string_view body) { sluice_request_set_body(detail::text(body)); }

}  // namespace request

// --- response ------------------------------------------------------------------------------------
// Before another filter has made one, the response is empty and has the status 200.

namespace response {

inline std::int32_t get_status_code() { return sluice_response_get_status_code(); }
inline void set_status_code(std::int32_t code) { sluice_response_set_status_code(code); }
inline std::string get_header(std::string_view name) {
  return detail::get<sluice_response_get_header>(name);
}
inline Headers get_all_header() {
  const detail::Scope scope;
  return detail::headers(sluice_response_get_all_header());
}
inline void set_all_header(const Headers& all) {
  detail::set_headers<sluice_response_set_all_header>(all);
}
inline void set_header(std::string_view name, std::string_view value) {
  sluice_response_set_header(detail::text(name), detail::text(value));
}
inline void add_header(std::string_view name, std::string_view value) {
  sluice_response_add_header(detail::text(name), detail::text(value));
}
inline void del_header(std::string_view name) { sluice_response_del_header(detail::text(name)); }
// Adds a Set-Cookie header.
inline void set_cookie(const Cookie& cookie) {
  const sluice_cookie view = cookie.view();
  sluice_response_set_cookie(&view);
}
inline std::string get_body() { return detail::get<sluice_response_get_body>(); }
inline void set_body(std::string_view body) { sluice_response_set_body(detail::text(body)); }

}  // namespace response

// --- cluster -------------------------------------------------------------------------------------
// Data that all instances share, on all members. Each filter has keys of its own. A run is one
// serializable transaction: what it writes counts when it returns, as a whole or not at all.

namespace cluster {

inline std::string get_binary(std::string_view key) {
  return detail::get<sluice_cluster_get_binary>(key);
}
inline void put_binary(std::string_view key, std::string_view value) {
  sluice_cluster_put_binary(detail::text(key), detail::text(value));
}
// The value, empty if there is none.
inline std::string get_string(std::string_view key) {
  return detail::get<sluice_cluster_get_string>(key);
}
inline void put_string(std::string_view key, std::string_view value) {
  sluice_cluster_put_string(detail::text(key), detail::text(value));
}
// The value, 0 if there is none or it is no integer.
inline std::int64_t get_integer(std::string_view key) {
  return sluice_cluster_get_integer(detail::text(key));
}
inline void put_integer(std::string_view key, std::int64_t value) {
  sluice_cluster_put_integer(detail::text(key), value);
}
// Adds, and returns the sum.
inline std::int64_t add_integer(std::string_view key, std::int64_t value) {
  return sluice_cluster_add_integer(detail::text(key), value);
}
inline double get_float(std::string_view key) {
  return sluice_cluster_get_float(detail::text(key));
}
inline void put_float(std::string_view key, double value) {
  sluice_cluster_put_float(detail::text(key), value);
}
inline double add_float(std::string_view key, double value) {
  return sluice_cluster_add_float(detail::text(key), value);
}
// Removes the key, if it is there.
inline void delete_key(std::string_view key) { sluice_cluster_delete(detail::text(key)); }
// The number of keys that begin with the prefix.
inline std::int32_t count_key(std::string_view prefix) {
  return sluice_cluster_count_key(detail::text(prefix));
}

}  // namespace cluster

namespace detail {

inline Params params() {
  Params all;
  const char* at = sluice_the_params.at;
  for (std::uint32_t i = 0; i < sluice_params_count(); ++i) {
    std::string name = string(sluice_next_of_array(&at));
    all.emplace(std::move(name), string(sluice_next_of_array(&at)));
  }
  return all;
}

}  // namespace detail
}  // namespace sluice

// Names the class of the program, once. It is made before the first request.
#define SLUICE_PROGRAM(Program)                                                                    \
  static std::unique_ptr<Program> sluice_program;                                                  \
  void sluice_init(void) { sluice_program = std::make_unique<Program>(sluice::detail::params()); } \
  int32_t sluice_run(void) {                                                                       \
    if (!sluice_program) sluice_init();                                                            \
    return sluice_program->run();                                                                  \
  }
