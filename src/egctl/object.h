// SPDX-License-Identifier: Apache-2.0
// The older forms: `egctl object create` and the like.
#pragma once

#include "egctl/command.h"
#include "egctl/invocation.h"

namespace sluice::egctl {

void add_object(Command root, Invocation& invocation);

}  // namespace sluice::egctl
