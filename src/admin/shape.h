// SPDX-License-Identifier: Apache-2.0
// Shape: a JSON schema in few words, for the answers of the API.
//
//   text  integer  number  boolean  null  any
//   'created'                     this text
//   A | B                         one of several
//   [A]                           a list
//   {name: A, other?: B}          a map with these members; `?`: may be absent; alone, a name is a
//   text
//   {*: A}                        a map with any names
//   Pipeline                      the schema of that name, `#/components/schemas/Pipeline`
#pragma once

#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace sluice::admin {

// Error `invalid`: the text is no shape.
[[nodiscard]] Result<Json> schema_of_shape(std::string_view text);

}  // namespace sluice::admin
