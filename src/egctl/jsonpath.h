// SPDX-License-Identifier: Apache-2.0
// JsonPath: the templates of `-o jsonpath=TEMPLATE`, as far as kubectl's are in use: text,
// {.a.b[0]},
// {["a.b"]}, [*], slices, filters [?(@.name=="x")], {range PATH}...{end} and {"\n"}.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace sluice::egctl {

struct JsonPathNode;

class JsonPath {
 public:
  // Error `invalid` names the place.
  [[nodiscard]] static Result<JsonPath> parse(std::string_view text);
  // Several values of one path are separated by a space. Text is written without quotes, an object
  // or a list as JSON, and what is absent as nothing. `items` of a list is the list itself, as the
  // lists of kubectl have it.
  [[nodiscard]] std::string apply(const Json& value) const;

 private:
  std::shared_ptr<const std::vector<JsonPathNode>> nodes_;
};

}  // namespace sluice::egctl
