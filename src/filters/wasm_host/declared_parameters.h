// SPDX-License-Identifier: Apache-2.0
// The parameters of a filter, and those that its program declares while it is set up. One thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::filters {

class DeclaredParameters {
 public:
  // `given` must outlive this.
  explicit DeclaredParameters(const std::map<std::string, std::string>& given) : given_(given) {}

  // Returns the value that is given, or `otherwise`, in the form of its type:
  //   text      as it is
  //   integer   decimal, of 64 bits
  //   number    decimal, finite
  //   boolean   "true" or "false"
  //   duration  milliseconds: "1m30s" -> "90000"
  //   time      milliseconds since 1970, of a time with its zone (base/zoned_time.h)
  // Error `invalid`: the value is none of the type; it is not given, and there is no `otherwise`;
  // there is no such type; more than 1,000 parameters are declared.
  [[nodiscard]] Result<std::string> declare(std::string_view name, std::string_view type,
                                            std::optional<std::string_view> otherwise);
  // Error `invalid`: a parameter is given that the program does not declare, though it declares
  // others.
  [[nodiscard]] Result<void> check() const;

 private:
  const std::map<std::string, std::string>& given_;
  std::set<std::string, std::less<>> declared_;
};

}  // namespace sluice::filters
