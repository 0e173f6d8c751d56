// SPDX-License-Identifier: Apache-2.0
// The fields of a pool's health checks, active and passive.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "backend/health_check.h"
#include "backend/server_state.h"
#include "config/fields.h"

namespace sluice::filters {

struct HeaderMatchSpec {
  std::string name;
  std::string value;
  std::string type = "exact";

  void fields(auto& visit) {
    visit("name", name, {.required = true, .min = 1, .doc = "header of the response"});
    visit("value", value, {.required = true, .doc = "what one of its values must be or match"});
    visit("type", type, {.one_of = {"exact", "regexp"}, .doc = "how `value` is compared"});
  }
};

struct BodyMatchSpec {
  std::string value;
  std::string type = "contains";

  void fields(auto& visit) {
    visit("value", value, {.required = true, .doc = "what the body must contain or match"});
    visit("type", type, {.one_of = {"contains", "regexp"}, .doc = "how `value` is compared"});
  }
};

struct HealthMatchSpec {
  std::vector<std::vector<int>> status_codes = {{200, 399}};
  std::vector<HeaderMatchSpec> headers;
  std::optional<BodyMatchSpec> body;

  void fields(auto& visit) {
    visit("statusCodes", status_codes, {.min = 1, .doc = "ranges [lowest, highest]"});
    visit("headers", headers, {.doc = "all must match"});
    visit("body", body, {.doc = "looked for in the first 64 KiB allowed"});
  }
  void validate(const std::string& path, config::Faults& faults) const;
  // The check of a response. Requires: the spec is valid.
  [[nodiscard]] std::function<std::string(const http::Response&)> make_matcher() const;
};

struct HealthCheckSpec {
  Duration interval = std::chrono::seconds(60);
  Duration timeout = std::chrono::seconds(3);
  int fails = 1;
  int passes = 1;
  std::optional<int> port;
  std::string uri = "/";
  std::string method = "GET";
  std::map<std::string, std::string> headers;
  std::string body;
  std::string username;
  std::string password;
  HealthMatchSpec match;
  // Not fields of a Proxy: see filters/web_socket_proxy.
  std::string upgrade;                // the protocol to ask for; "": none
  std::vector<HealthCheckSpec> more;  // further requests of each check

  void fields(auto& visit) {
    visit_pace(visit);
    visit_probe(visit);
  }
  void visit_pace(auto& visit) {
    constexpr std::int64_t kMillisecond = 1'000'000;
    visit("interval", interval, {.min = 100 * kMillisecond, .doc = "from check to check"});
    visit("timeout", timeout, {.min = kMillisecond, .doc = "of one check"});
    visit("fails", fails, {.min = 1, .max = 100, .doc = "failed checks in a row: unhealthy"});
    visit(
        "passes", passes,
        {.min = 1, .max = 100, .misspelt = {"pass"}, .doc = "good checks in a row: healthy again"});
  }
  void visit_probe(auto& visit) {
    visit("port", port, {.min = 1, .max = 65535, .doc = "default: the server's"});
    visit("uri", uri, {.format = config::Format::path, .doc = "path and query to ask for"});
    visit("method", method, {.format = config::Format::http_method, .doc = "of the request"});
    visit("headers", headers, {.doc = "of the request; Host among them, if it matters"});
    visit("body", body, {.doc = "of the request"});
    visit("username", username, {.doc = "for basic authentication"});
    visit("password", password, {.secret = true, .doc = "for basic authentication"});
    visit("match", match, {.doc = "what a healthy server answers"});
  }
  void validate(const std::string& path, config::Faults& faults) const;
  [[nodiscard]] backend::HealthCheck make() const;

 private:
  [[nodiscard]] backend::HealthProbe make_probe() const;
};

struct OutlierSpec {
  backend::OutlierPolicy policy;

  void fields(auto& visit) {
    visit("consecutiveFailures", policy.consecutive_failures,
          {.doc = "requests in a row without a response, until a server is left out; 0: never"});
    visit("consecutive5xx", policy.consecutive_5xx,
          {.doc = "responses of 500 and above in a row, likewise; 0: never"});
    visit("ejectionTime", policy.ejection_time,
          {.min = 1, .doc = "how long at first; doubled each time it happens again"});
    visit("maxEjectionTime", policy.ejection_time_max, {.min = 1, .doc = "how long at most"});
  }
};

}  // namespace sluice::filters
