// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/health_check_spec.h"

#include <algorithm>
#include <memory>

#include "base/encoding.h"
#include "http/headers.h"
#include "router/pattern.h"

namespace sluice::filters {
namespace {

using router::Pattern;

struct HeaderMatch {
  HeaderMatchSpec spec;
  std::optional<Pattern> pattern;

  [[nodiscard]] bool matches(const http::Headers& headers) const {
    return std::ranges::any_of(headers, [this](const http::Field& field) {
      if (!http::iequals(field.name, spec.name)) return false;
      return pattern ? pattern->found_in(field.value) : field.value == spec.value;
    });
  }
};

std::optional<Pattern> pattern_of(const std::string& type, const std::string& value) {
  config::Faults ignored;  // validate() has compiled it without a fault
  return type == "regexp" ? Pattern::compile(value, "", ignored) : std::nullopt;
}

class Matcher {
 public:
  explicit Matcher(const HealthMatchSpec& spec) : codes_(spec.status_codes), body_(spec.body) {
    for (const HeaderMatchSpec& header : spec.headers) {
      headers_.push_back({header, pattern_of(header.type, header.value)});
    }
    if (body_) body_pattern_ = pattern_of(body_->type, body_->value);
  }

  std::string operator()(const http::Response& response) const {
    const int status = response.status;
    const bool good = std::ranges::any_of(codes_, [status](const std::vector<int>& range) {
      return range[0] <= status && status <= range[1];
    });
    if (!good) return "status " + std::to_string(status);
    for (const HeaderMatch& header : headers_) {
      if (!header.matches(response.headers))
        return "header " + header.spec.name + " does not match";
    }
    if (!body_) return {};
    const std::string_view text = response.body.bytes();
    const bool found = body_pattern_ ? body_pattern_->found_in(text) : text.contains(body_->value);
    return found ? "" : "the body does not match";
  }

 private:
  std::vector<std::vector<int>> codes_;
  std::vector<HeaderMatch> headers_;
  std::optional<BodyMatchSpec> body_;
  std::optional<Pattern> body_pattern_;
};

}  // namespace

void HealthMatchSpec::validate(const std::string& path, config::Faults& faults) const {
  for (std::size_t i = 0; i < status_codes.size(); ++i) {
    const std::vector<int>& range = status_codes[i];
    const bool good =
        range.size() == 2 && 100 <= range[0] && range[0] <= range[1] && range[1] <= 599;
    if (good) continue;
    faults.add(config::join_path(path, "statusCodes") + "[" + std::to_string(i) + "]",
               "must be two statuses, the lower first, try [200, 399]");
  }
  for (std::size_t i = 0; i < headers.size(); ++i) {
    if (headers[i].type != "regexp") continue;
    const std::string where = config::join_path(path, "headers") + "[" + std::to_string(i) + "]";
    (void)Pattern::compile(headers[i].value, where + ".value", faults);
  }
  if (body && body->type == "regexp") {
    (void)Pattern::compile(body->value, config::join_path(path, "body") + ".value", faults);
  }
}

std::function<std::string(const http::Response&)> HealthMatchSpec::make_matcher() const {
  return [matcher = std::make_shared<const Matcher>(*this)](const http::Response& response) {
    return (*matcher)(response);
  };
}

void HealthCheckSpec::validate(const std::string& path, config::Faults& faults) const {
  for (const auto& [name, value] : headers) {
    if (http::is_token(name) && http::is_field_value(value)) continue;
    faults.add(config::join_path(config::join_path(path, "headers"), name), "is not a header");
  }
  if (username.empty() && !password.empty()) {
    faults.add(config::join_path(path, "username"), "is needed with a password");
  }
}

backend::HealthProbe HealthCheckSpec::make_probe() const {
  backend::HealthProbe probe;
  if (port) probe.port = static_cast<std::uint16_t>(*port);
  probe.method = method;
  probe.target = uri;
  for (const auto& [name, value] : headers) probe.headers.push_back({name, value});
  if (!username.empty()) {
    probe.headers.push_back({"Authorization", "Basic " + base64_encode(username + ":" + password)});
  }
  probe.body = body;
  probe.upgrade = upgrade;
  probe.wants_body = match.body.has_value();
  probe.fault = match.make_matcher();
  return probe;
}

backend::HealthCheck HealthCheckSpec::make() const {
  backend::HealthCheck check{make_probe()};
  for (const HealthCheckSpec& other : more) check.more.push_back(other.make_probe());
  check.interval = interval;
  check.timeout = timeout;
  check.fails = static_cast<unsigned>(fails);
  check.passes = static_cast<unsigned>(passes);
  return check;
}

}  // namespace sluice::filters
