// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/message.h"

namespace sluice::filters {

// An independent copy, for a backend. Requires: the body is whole, and there is no upgrade.
[[nodiscard]] http::Request copy_of(const http::Request& request);

}  // namespace sluice::filters
