// SPDX-License-Identifier: Apache-2.0
// Checks what a conversion has made as `egctl validate` does.
#pragma once

#include "base/result.h"
#include "egctl/nginx/conversion.h"

namespace sluice::egctl::nginx {

// Pipelines that a gateway would refuse answer 503 instead, with a note. Error `invalid`: it would
// refuse a server; the details name it with its place.
[[nodiscard]] Result<void> check(Conversion& conversion);

}  // namespace sluice::egctl::nginx
