// SPDX-License-Identifier: Apache-2.0
// A parsed YAML or JSON document. Scalars keep their source spelling, so an unquoted 0.40 given for
// a string stays "0.40". Values are immutable after parsing.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::config {

class Value {
 public:
  enum class Kind { null, scalar, sequence, map };
  struct Member;

  Kind kind = Kind::null;
  std::string scalar;           // source spelling, without quotes
  bool quoted = false;          // "…", '…' or a block scalar: never a number, bool or null
  std::vector<Value> items;     // sequence
  std::vector<Member> members;  // map, in source order

  [[nodiscard]] const Value* find(std::string_view name) const;
};

struct Value::Member {
  std::string key;
  Value value;
};

struct ParseLimits {
  std::size_t bytes_max = 16 << 20;    // of the text, and of all scalars after aliases are expanded
  std::size_t values_max = 4'000'000;  // of all documents, after aliases are expanded
  int depth_max = 64;
};

// All documents of a YAML stream (JSON is YAML); empty ones are left out. Errors carry line and
// column. Duplicate keys, keys that are not text, unknown tags, aliases that refer to themselves,
// quotes and brackets that are not closed, and text that is not UTF-8 are errors. A merge key
// (`<<`) adds the members that the map does not have itself.
[[nodiscard]] Result<std::vector<Value>> parse_documents(std::string_view text,
                                                         ParseLimits limits = {});
// Exactly one document; an empty text is an error.
[[nodiscard]] Result<Value> parse_document(std::string_view text, ParseLimits limits = {});

}  // namespace sluice::config
