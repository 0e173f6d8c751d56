// SPDX-License-Identifier: Apache-2.0
// `egctl top`: the live picture as tables.
#pragma once

#include "egctl/command.h"
#include "egctl/invocation.h"

namespace sluice::egctl {

void add_top(Command root, Invocation& invocation);

}  // namespace sluice::egctl
