// SPDX-License-Identifier: Apache-2.0
// The formats of `printf`, as Go has them. Any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "templates/datum.h"

namespace sluice::templates {

// %s %v %d %q %x %X %f %e %g %t %%, with the flags `-`, `+` and `0`, a width and a precision of at
// most 1,000 and 100. Errors: `invalid`.
[[nodiscard]] Result<std::string> format(std::string_view pattern, std::span<const Datum> values);

}  // namespace sluice::templates
