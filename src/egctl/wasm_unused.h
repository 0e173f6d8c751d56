// SPDX-License-Identifier: Apache-2.0
// The shared data of filters that are gone.
#pragma once

#include "egctl/invocation.h"

namespace sluice::egctl {

// Deletes the data of all filters that no pipeline has. Prints what that is first, and asks on a
// terminal; without one, error `invalid` unless `yes`.
[[nodiscard]] Result<void> delete_unused_data(Invocation& invocation, bool yes);

}  // namespace sluice::egctl
