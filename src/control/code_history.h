// SPDX-License-Identifier: Apache-2.0
// The codes that the filters of a pipeline have run, in the order in which each began last. The
// store has them as the document code-history/<pipeline>, which changes with the pins alone:
//   {filter: [{sha256, firstAt, firstBy, at, by, how, source, place, bytes, rolledBack}, ...]}
// The last entry of a filter is the code that runs. `rolledBack` {at, by, why} is of a code from
// which somebody, or the gateway, went back to an earlier one.
//
// `trial` is of a code that was judged (WithCode::trial_state): `running`; `passed`; `failed`: it
// was found bad; `replaced`: other code came before the end. Code without it was judged by nobody:
// the first one, code of a filter without such a rule or of a time before there was one, and code
// to which somebody has gone back. The gateway goes back by itself only to code that is found good:
// `passed`, or judged by nobody, and not rolled back. So every way by which code comes into force
// goes through history_after(), which closes the entry of the code before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "control/object.h"
#include "pipeline/code_record.h"

namespace sluice::control {

// Of one filter. The code that runs, the one that ran before it, and those to which a rollback and
// an automatic rollback go are kept in any case.
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
// Of a code of the filter that was rolled back, for whoever chooses it again: by whom, when and
// why. "": it was not.
[[nodiscard]] std::string rolled_back_note(const Object& object, const std::string& filter,
                                           const std::string& hash);
// The pins with which the filter runs that code in place of its own. Requires: it has a pin.
[[nodiscard]] Json rolled_back_pins(const Object& object, const std::string& filter,
                                    const std::string& to, const CodeChange& change,
                                    const std::string& now);
// The hash of the code to which the gateway goes back by itself: the newest before the present one
// that is found good. Error `not_found`: there is none.
[[nodiscard]] Result<std::string> proven_target(const Object& object, const std::string& filter);
// True if the history of `object` does not have what its running filters know of their trials.
[[nodiscard]] bool has_trial_news(const Object& object);
// For a build of the object. A code that was rolled back is refused until its source has held other
// code, or it came into force in another way.
[[nodiscard]] pipeline::CodeRecords code_records(const Object& object);
// Adds the hashes of all codes of a history.
void add_hashes(const Json& history, std::set<std::string>& hashes);

}  // namespace sluice::control
