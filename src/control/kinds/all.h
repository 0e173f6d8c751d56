// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/kinds/http_server.h"
#include "control/object_kind.h"

namespace sluice::control {

// All kinds of objects. No kind registers itself. `tracing`: of the process.
[[nodiscard]] ObjectKinds all_kinds(const TracingServices& tracing = {});

}  // namespace sluice::control
