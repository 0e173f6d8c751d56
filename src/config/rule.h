// SPDX-License-Identifier: Apache-2.0
// The conditions of a field on its value, beyond its type.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "config/formats.h"
#include "config/value.h"

namespace sluice::config {

struct Rule {
  bool required = false;
  // Bounds: numbers by value, Durations by nanoseconds, strings and lists by size.
  std::int64_t min = std::numeric_limits<std::int64_t>::min();
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
  // The format of a string, or of each string of a list. An empty string that is not required
  // passes: encode() writes it for a string that was not given. The same holds for `one_of`.
  Format format = Format::none;
  std::vector<std::string_view> one_of{};  // allowed strings
  // Strings that configurations in use have and that are not allowed, with the advice to them.
  struct Absent {
    std::string_view text;
    std::string_view advice;
  };
  std::vector<Absent> absent{};
  bool unique = false;  // no two equal items
  bool secret = false;  // shown to admins only: redact.h
  // Other spellings that configurations in use have. Each is read, with a warning.
  std::vector<std::string_view> misspelt{};
  // For an UndecodedValue: the kind of filter whose schema describes it, and where, such as
  // "Proxy/properties/pools/items". Its secrets are found there.
  std::string_view part_of{};
  std::string_view doc{};  // the description in the schema
};

// A part of the document that its owner decodes later (a filter's own fields).
struct UndecodedValue {
  Value value;
};

}  // namespace sluice::config
