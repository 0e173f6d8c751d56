// SPDX-License-Identifier: Apache-2.0
#include "filters/validator/introspection.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/encoding.h"
#include "base/percent.h"
#include "filters/validator/jwt.h"
#include "filters/validator/strict_json.h"

namespace sluice::filters {
namespace {

constexpr std::size_t kGoodTokensMax = 2048;
// The service has looked at `nbf` with its own clock, which may be ahead.
constexpr double kAheadMax = 60;
constexpr std::string_view kNotActive = "the token is not active";

// A service may write null for a time that there is not.
bool read_answer_time(const Json& answer, const char* name, double& out) {
  const auto found = answer.find(name);
  return (found != answer.end() && found->is_null()) || read_time(answer, name, out);
}

void append_form(std::string& out, std::string_view name, std::string_view value) {
  if (!out.empty()) out += '&';
  out += name;
  out += '=';
  append_unreserved(out, value);
}

std::size_t bytes_in(const NewHeaders& headers) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : headers) bytes += name.size() + value.size();
  return bytes;
}

}  // namespace

std::string introspection_form(const TokenIntrospectSpec& spec, std::string_view token) {
  std::string form;
  append_form(form, "token", token);
  if (!spec.client_id.empty()) append_form(form, "client_id", spec.client_id);
  if (!spec.client_secret.empty()) append_form(form, "client_secret", spec.client_secret);
  return form;
}

IntrospectedToken read_introspection(std::string_view body, double now) {
  const auto answer = parse_strict_json(body);
  if (!answer || !answer->is_object()) return {"the service gives no JSON"};
  if (!answer->contains("active") || (*answer)["active"] != Json(true)) return {kNotActive};
  IntrospectedToken token;
  double not_before = now;
  if (!read_answer_time(*answer, "exp", token.expires) ||
      !read_answer_time(*answer, "nbf", not_before))
    return {"the times of the token are malformed"};
  if (now >= token.expires || not_before > now + kAheadMax) return {kNotActive};
  if (!append_claim(*answer, "sub", "X-Authenticated-Userid", token.headers) ||
      !append_claim(*answer, "scope", "X-Authenticated-Scope", token.headers))
    return {"a claim cannot be a header"};
  return token;
}

Introspection::Introspection(const loop::Core& core, const TokenIntrospectSpec& spec,
                             std::shared_ptr<const backend::SideService> service, WallClock now)
    : spec_(spec),
      client_(core, std::move(service)),
      now_(std::move(now)),
      good_(core, kGoodTokensMax, spec.cache_for) {}

Task<IntrospectedToken> Introspection::ask(std::string token) {
  const std::string digest = sha256(token);
  const IntrospectedToken* const known = good_.find(digest, Clock::now());
  if (known != nullptr && now_() < known->expires) co_return *known;
  http::Request request;
  request.method = "POST";
  request.headers.add("Content-Type", "application/x-www-form-urlencoded");
  request.headers.add("Accept", "application/json");
  if (!spec_.basic_auth.empty()) request.headers.add("Authorization", "Basic " + spec_.basic_auth);
  request.body.assign(introspection_form(spec_, token));
  auto call = client_.call(std::move(request));
  const auto response = co_await std::move(call);
  IntrospectedToken outcome;
  if (!response) {
    outcome.fault = response.error().kind == ErrorKind::timed_out
                        ? "the service does not answer in time"
                        : "the service does not answer";
  } else if (response->status != 200) {
    outcome.fault = "the service answers with another status than 200";
  } else {
    outcome = read_introspection(response->body.bytes(), now_());
  }
  if (outcome.fault.empty()) good_.put(digest, outcome, bytes_in(outcome.headers), Clock::now());
  co_return outcome;
}

}  // namespace sluice::filters
