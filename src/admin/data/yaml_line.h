// SPDX-License-Identifier: Apache-2.0
// One line `key: value` of a flat YAML map, without the YAML parser, which takes fifty times as
// long.
#pragma once

#include <string_view>

#include "store/store.h"

namespace sluice::admin {

// True if `line` (without indentation and line break) is one entry, of scalars that begin and end
// on it: plain, in quotes, or `!!binary "base64"`. False for anything else, right or wrong: the
// YAML parser decides then. `out` holds anything after false.
[[nodiscard]] bool parse_yaml_line(std::string_view line, store::Entry& out);

}  // namespace sluice::admin
