// SPDX-License-Identifier: Apache-2.0
// The variables of setHeaders, named as in nginx. Immutable; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "http/message.h"

namespace sluice::router {

// What a template reads besides the request.
struct HeaderFacts {
  std::string_view client_ip{};
  Duration since_begin{};                                              // of the request
  const std::vector<std::pair<std::string, std::string>>* captures{};  // of the path; null: none
};

class RequestVariable {
 public:
  // Has the value "".
  RequestVariable() = default;
  // `names`: of the parts of the path. nullopt: there is no such variable.
  [[nodiscard]] static std::optional<RequestVariable> find(std::string_view name,
                                                           const std::vector<std::string>& names);
  [[nodiscard]] std::string value(const http::Request& request, const HeaderFacts& facts) const;

 private:
  using Reader = std::string (*)(const http::Request& request, const HeaderFacts& facts,
                                 const std::string& name);
  struct Known {
    std::string_view name;
    Reader reader;
  };
  static const Known kWhole[];
  static const Known kFamilies[];

  Reader reader_ = nullptr;
  std::string name_;  // of the parameter, header, cookie or part of the path
};

}  // namespace sluice::router
