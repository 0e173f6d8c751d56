// SPDX-License-Identifier: Apache-2.0
// Before a hot restart, the new process builds the objects that run in the old one, and discards
// them. So an object that would not run any more is found while the old process still serves and
// has given up nothing.
#pragma once

#include "base/json.h"
#include "base/result.h"
#include "control/builder.h"

namespace sluice::control {

// `objects`: Controller::rehearsal() of the old process. Blocks, at most 45 s. The error names each
// object that cannot be built, and the reason.
[[nodiscard]] Result<void> rehearse(const Json& objects, const ObjectBuilder& builder);

}  // namespace sluice::control
