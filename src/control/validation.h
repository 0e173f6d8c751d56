// SPDX-License-Identifier: Apache-2.0
// Validation: decides whether documents can be applied, and changes nothing. A server asks it for
// an apply and for a dry run, and egctl asks it without a server, so that all of them say the same.
// Any thread but a worker's. Builds block.
#pragma once

#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/value.h"
#include "control/builder.h"
#include "control/proposed.h"

namespace sluice::control {

// The names of the kinds of custom data; nullopt: not known.
using CustomKinds = std::optional<std::set<std::string>>;

// The builder and the objects that validate() checks the documents against.
struct Ground {
  const ObjectBuilder& builder;
  Objects objects{};  // in force
  CustomKinds custom_kinds{};
  ObjectList internal{};  // servers of this process that are no objects
};

// The objects of a text. Leaves out empty documents, such as one after a trailing `---`. Error
// `invalid`: a fault of the syntax, or no object at all.
[[nodiscard]] Result<std::vector<config::Value>> objects_in(const std::string& text);

// Builds every document, with the warnings on it. Errors: `invalid` with one detail per fault, its
// path first; `conflict` and `not_found` for names that the mode does not allow; `unavailable`
// after `stop`. Requires: nobody else changes these objects meanwhile.
[[nodiscard]] Result<std::vector<Step>> propose(const std::vector<config::Value>& documents,
                                                ApplyMode mode, const Ground& ground,
                                                const std::stop_token& stop);

// Error `invalid`: a server would listen where another one does. `next`: the objects after the
// change.
[[nodiscard]] Result<void> check_ports(const std::vector<Proposed>& proposed, const Objects& next,
                                       const ObjectList& internal);

// Both: the whole check of an apply.
[[nodiscard]] Result<std::vector<Step>> validate(const std::vector<config::Value>& documents,
                                                 ApplyMode mode, const Ground& ground,
                                                 const std::stop_token& stop = {});

// Warnings of what `object` names and is not there, one line each: `path: text`.
[[nodiscard]] std::vector<std::string> loose_ends(const Object& object, const Objects& all,
                                                  const CustomKinds& custom_kinds = {});

// The objects of `all` that name `object`.
[[nodiscard]] std::vector<User> users_of(const Object& object, const Objects& all);

}  // namespace sluice::control
