// SPDX-License-Identifier: Apache-2.0
// Introspection: asks a service whether a token is good (RFC 7662). Core-bound.
#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

#include "backend/side_client.h"
#include "filters/validator/facts.h"
#include "filters/validator/recent.h"
#include "filters/validator/spec.h"
#include "loop/core.h"
#include "loop/task.h"

namespace sluice::filters {

// The answer of a service. `fault` is a literal; "": the token is good.
struct IntrospectedToken {
  std::string_view fault{};
  NewHeaders headers{};
  double expires = std::numeric_limits<double>::infinity();  // in seconds since 1970
};

// Reads the body of an answer with status 200.
[[nodiscard]] IntrospectedToken read_introspection(std::string_view body, double now);
// The form of a question.
[[nodiscard]] std::string introspection_form(const TokenIntrospectSpec& spec,
                                             std::string_view token);

class Introspection {
 public:
  // In seconds since 1970.
  using WallClock = std::function<double()>;
  // `spec` outlives this.
  Introspection(const loop::Core& core, const TokenIntrospectSpec& spec,
                std::shared_ptr<const backend::SideService> service, WallClock now);

  // A service that does not answer lets nobody in.
  [[nodiscard]] Task<IntrospectedToken> ask(std::string token);

 private:
  const TokenIntrospectSpec& spec_;
  backend::SideClient client_;
  WallClock now_;
  Recent<IntrospectedToken> good_;
};

}  // namespace sluice::filters
