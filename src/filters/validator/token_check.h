// SPDX-License-Identifier: Apache-2.0
// TokenCheck: checks tokens with the keys that the gateway has, and remembers those that it has
// checked. Core-bound.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "filters/validator/facts.h"
#include "filters/validator/followed.h"
#include "filters/validator/jwt.h"
#include "filters/validator/recent.h"
#include "loop/core.h"

namespace sluice::filters {

class TokenCheck {
 public:
  static constexpr std::string_view kNoKeys = "no keys yet";

  // `rules` and `claims` (claim -> header) outlive this.
  TokenCheck(const loop::Core& core, std::shared_ptr<const Followed<KeySet>> keys,
             const JwtRules& rules, const std::map<std::string, std::string>& claims);

  // Returns "" for a good token, and appends its claims to `headers`. Else the fault, a literal.
  [[nodiscard]] std::string_view check(std::string_view token, NewHeaders& headers);

 private:
  struct GoodToken {
    TokenTimes times;
    NewHeaders headers;
  };
  [[nodiscard]] std::string_view check_new(std::string_view token, const std::string& digest,
                                           double now, NewHeaders& headers);

  Follower<KeySet> keys_;
  const JwtRules& rules_;
  const std::map<std::string, std::string>& claims_;
  Recent<GoodToken> good_;  // under the keys of now
};

}  // namespace sluice::filters
