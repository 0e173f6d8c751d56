// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/object_kind.h"

namespace sluice::control {

// All kinds of objects. No kind registers itself.
[[nodiscard]] ObjectKinds all_kinds();

}  // namespace sluice::control
