// SPDX-License-Identifier: Apache-2.0
#include "filters/validator/token_check.h"

#include <utility>

#include "base/encoding.h"
#include "base/time.h"

namespace sluice::filters {
namespace {

constexpr std::size_t kRememberedMax = 2048;
constexpr std::chrono::seconds kRememberedFor{60};

}  // namespace

TokenCheck::TokenCheck(const loop::Core& core, std::shared_ptr<const Followed<KeySet>> keys,
                       const JwtRules& rules, const std::map<std::string, std::string>& claims)
    : keys_(std::move(keys)),
      rules_(rules),
      claims_(claims),
      good_(core, kRememberedMax, kRememberedFor) {}

std::string_view TokenCheck::check(std::string_view token, NewHeaders& headers) {
  // A key that is gone takes its tokens with it.
  if (keys_.update()) good_.clear();
  if (keys_.object() == nullptr) return kNoKeys;
  if (token.size() > kTokenBytesMax) return jwt_fault::kTooLarge;
  const double now = static_cast<double>(unix_time_ms()) / 1000;
  const std::string digest = sha256(token);
  const GoodToken* known = good_.find(digest, Clock::now());
  if (known == nullptr) return check_new(token, digest, now, headers);
  const std::string_view fault = known->times.fault_at(now, rules_.leeway);
  if (fault.empty()) headers.insert(headers.end(), known->headers.begin(), known->headers.end());
  return fault;
}

std::string_view TokenCheck::check_new(std::string_view token, const std::string& digest,
                                       double now, NewHeaders& headers) {
  const auto verified = verify_jwt(token, *keys_.object(), rules_, now);
  if (!verified) return verified.error();
  NewHeaders found;
  std::size_t bytes = 0;
  for (const auto& [claim, header] : claims_) {
    if (!append_claim(verified->payload, claim, header, found)) return "a claim cannot be a header";
  }
  for (const auto& [name, value] : found) bytes += name.size() + value.size();
  headers.insert(headers.end(), found.begin(), found.end());
  good_.put(digest, {verified->times, std::move(found)}, bytes, Clock::now());
  return "";
}

}  // namespace sluice::filters
