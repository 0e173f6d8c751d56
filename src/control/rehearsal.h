// SPDX-License-Identifier: Apache-2.0
// Before a hot restart: the new process builds what runs in the old one, and throws it away. What
// would not run any more is found while the old process serves, and nothing has been given up.
#pragma once

#include "base/json.h"
#include "base/result.h"
#include "control/builder.h"

namespace sluice::control {

// `objects`: Controller::rehearsal() of the old process. Blocks, at most 45 s. The error names each
// object that cannot be built, and why.
[[nodiscard]] Result<void> rehearse(const Json& objects, const ObjectBuilder& builder);

}  // namespace sluice::control
