// SPDX-License-Identifier: Apache-2.0
// The completion of shells. Each script asks egctl for the words that may stand next.
#pragma once

#include "egctl/command.h"
#include "egctl/invocation.h"

namespace sluice::egctl {

void add_completion(Command root, Invocation& invocation);

}  // namespace sluice::egctl
