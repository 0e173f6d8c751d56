// SPDX-License-Identifier: Apache-2.0
// Objects of the kind GlobalFilter: filters before and after the pipelines of the HTTPServers that
// name it.
#pragma once

#include "control/object_kind.h"

namespace sluice::control {

[[nodiscard]] ObjectKind global_filter_kind();

}  // namespace sluice::control
