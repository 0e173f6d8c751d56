// SPDX-License-Identifier: Apache-2.0
// The codes that the filters of a pipeline have run, in the order in which each began last. The
// store has them as the document code-history/<pipeline>, which changes with the pins alone:
//   {filter: [{sha256, firstAt, firstBy, at, by, how, source, place, bytes, rolledBack}, ...]}
// The last entry of a filter is the code that runs. `rolledBack` {at, by, why} is of a code from
// which somebody, or the gateway, went back to an earlier one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "control/object.h"

namespace sluice::control {

// Of one filter. The code that runs, the one that ran before it, and the one to which a rollback
// goes are kept in any case.
inline constexpr std::size_t kCodesKeptMax = 10;
inline constexpr std::uint64_t kCodeBytesKeptMax = std::uint64_t{64} << 20;

// The history once `object` has taken the place of `before` (null: none) by `change`. Null: there
// is none. `now`: RFC 3339 in UTC.
[[nodiscard]] Json history_after(const Object* before, const Object& object,
                                 const CodeChange& change, const std::string& now);
// The object with that history.
[[nodiscard]] std::shared_ptr<const Object> with_history(std::shared_ptr<const Object> object,
                                                         const Object* before,
                                                         const CodeChange& change);
// The codes of a filter, the one that runs last. An object of an earlier version of the program has
// that one only.
[[nodiscard]] Json codes_of(const Object& object, const std::string& filter);
// The hash of the code to which a rollback goes. `wanted`: the beginning of a hash; "": the code
// that ran before the present one, without those that were rolled back. Errors: `not_found`,
// `invalid` if several hashes begin so, `conflict` for the code that runs.
[[nodiscard]] Result<std::string> rollback_target(const Object& object, const std::string& filter,
                                                  const std::string& wanted);
// The same among all codes, for a look at one.
[[nodiscard]] Result<std::string> find_code(const Object& object, const std::string& filter,
                                            const std::string& wanted);
// The pins with which the filter runs that code in place of its own. Requires: it has a pin.
[[nodiscard]] Json rolled_back_pins(const Object& object, const std::string& filter,
                                    const std::string& to, const CodeChange& change,
                                    const std::string& now);
// Adds the hashes of all codes of a history.
void add_hashes(const Json& history, std::set<std::string>& hashes);

}  // namespace sluice::control
