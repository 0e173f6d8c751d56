// SPDX-License-Identifier: Apache-2.0
// Kinds of objects and filters that configurations of Easegress name and Sluice does not have, with
// the way to do the same. Any thread.
#pragma once

#include <string_view>

namespace sluice::pipeline {

// Returns what to do instead of `kind`; "" if nothing is known of it.
[[nodiscard]] std::string_view advice_on_absent_kind(std::string_view kind);

// The one of these kinds that `word` names, in any case of letters; "" if there is none.
[[nodiscard]] std::string_view absent_kind(std::string_view word);

// What to do instead of a pipeline of a protocol other than HTTP.
inline constexpr std::string_view kHttpOnly = "Sluice speaks HTTP only";

}  // namespace sluice::pipeline
