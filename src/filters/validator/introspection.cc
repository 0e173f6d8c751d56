// SPDX-License-Identifier: Apache-2.0
#include "filters/validator/introspection.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/encoding.h"
#include "base/percent.h"
#include "base/time.h"
#include "filters/validator/strict_json.h"

namespace sluice::filters {
namespace {

constexpr std::size_t kGoodTokensMax = 2048;

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
  if (!answer->contains("active") || (*answer)["active"] != Json(true))
    return {"the token is not active"};
  const auto expires = answer->find("exp");
  if (expires != answer->end() && expires->is_number() && now >= expires->get<double>())
    return {"the token is not active"};
  IntrospectedToken token;
  if (!append_claim(*answer, "sub", "X-Authenticated-Userid", token.headers) ||
      !append_claim(*answer, "scope", "X-Authenticated-Scope", token.headers))
    return {"a claim cannot be a header"};
  return token;
}

Introspection::Introspection(const loop::Core& core, const TokenIntrospectSpec& spec,
                             std::shared_ptr<const backend::SideService> service)
    : spec_(spec), client_(core, std::move(service)), good_(core, kGoodTokensMax, spec.cache_for) {}

Task<IntrospectedToken> Introspection::ask(std::string token) {
  const std::string digest = sha256(token);
  if (const NewHeaders* known = good_.find(digest, Clock::now())) {
    IntrospectedToken good;
    good.headers = *known;
    co_return good;
  }
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
    outcome =
        read_introspection(response->body.bytes(), static_cast<double>(unix_time_ms()) / 1000);
  }
  if (outcome.fault.empty())
    good_.put(digest, outcome.headers, bytes_in(outcome.headers), Clock::now());
  co_return outcome;
}

}  // namespace sluice::filters
