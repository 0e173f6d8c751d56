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

  // Returns the member of a map; null if it is absent, or this is no map.
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

// Parses all documents of a YAML stream (JSON is YAML). Leaves out empty ones. A merge key (`<<`)
// adds the members that the map does not have itself. Errors: `invalid`, with line and column, also
// for duplicate keys, keys that are not text, unknown tags, aliases that refer to themselves,
// quotes and brackets that are not closed, text that is not UTF-8, and values_max and depth_max;
// `too_large` beyond bytes_max. Any thread.
[[nodiscard]] Result<std::vector<Value>> parse_documents(std::string_view text,
                                                         ParseLimits limits = {});
// Parses exactly one document. Errors as of parse_documents(), and `invalid` for another number of
// documents.
[[nodiscard]] Result<Value> parse_document(std::string_view text, ParseLimits limits = {});

}  // namespace sluice::config
