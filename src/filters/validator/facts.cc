// SPDX-License-Identifier: Apache-2.0
#include "filters/validator/facts.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/text.h"
#include "http/cookie.h"
#include "http/exact_value.h"

namespace sluice::filters {
namespace {

// nullopt: the claim is a list of other things than texts.
std::optional<std::string> joined(const Json& list) {
  std::string out;
  for (const Json& item : list) {
    if (!item.is_string()) return std::nullopt;
    if (!out.empty()) out += ' ';
    out += item.get_ref<const std::string&>();
  }
  return out;
}

std::string claim_text(const Json& claim) {
  if (claim.is_string()) return claim.get<std::string>();
  if (claim.is_array()) {
    if (auto text = joined(claim)) return *std::move(text);
  }
  return claim.dump();
}

}  // namespace

FoundToken credentials_of(const http::Request& request, std::string_view scheme) {
  std::optional<std::string_view> header;
  for (const http::Field& field : request.headers) {
    if (!http::iequals(field.name, "Authorization")) continue;
    if (header) return {{}, kSeveralTokens};
    header = field.value;
  }
  if (!header) return {{}, kNoToken};
  const bool is_it = header->size() > scheme.size() &&
                     http::iequals(header->substr(0, scheme.size()), scheme) &&
                     (*header)[scheme.size()] == ' ';
  if (!is_it) return {{}, kNoToken};
  const std::string_view text = trim_ows(header->substr(scheme.size()));
  return {text, text.empty() ? kNoToken : ""};
}

FoundToken bearer_token(const http::Request& request) { return credentials_of(request, "Bearer"); }

FoundToken cookie_or_bearer_token(const http::Request& request, std::string_view cookie) {
  std::optional<std::string_view> found;
  for (const http::Field& field : request.headers) {
    if (cookie.empty() || !http::iequals(field.name, "Cookie")) continue;
    for (const http::CookiePair& pair : http::parse_cookies(field.value)) {
      if (pair.name != cookie || pair.value.empty()) continue;
      if (found && *found != pair.value) return {{}, kSeveralTokens};
      found = pair.value;
    }
  }
  return found ? FoundToken{*found, ""} : bearer_token(request);
}

bool append_claim(const Json& claims, const std::string& claim, const std::string& name,
                  NewHeaders& out) {
  const auto found = claims.find(claim);
  if (found == claims.end() || found->is_null()) return true;
  std::string text = claim_text(*found);
  if (text.size() > kClaimBytesMax || !http::is_exact_value(text)) return false;
  out.emplace_back(name, std::move(text));
  return true;
}

}  // namespace sluice::filters
