// SPDX-License-Identifier: Apache-2.0
// A change of shared data that comes to a member which does not own it: the owner makes it.
#pragma once

#include <memory>
#include <string>

#include "admin/resource.h"
#include "admin/router.h"

namespace sluice::admin {

// Null if this process owns `ns`, or has no other members: make the change here. Otherwise the call
// as it goes on at the owner, which has accepted it: the body goes there piece by piece, and
// finish() returns its response. Without a body, call finish(). Waits for an owner, at most
// --owner-wait. Blocks. Errors: `unavailable`, which names the owner, and those of the owner;
// nothing has changed then. Requires: `request` outlives the Intake.
[[nodiscard]] Result<std::unique_ptr<Intake>> call_owner(Context& context,
                                                         const ApiRequest& request,
                                                         const std::string& ns);

}  // namespace sluice::admin
