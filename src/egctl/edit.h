// SPDX-License-Identifier: Apache-2.0
// `egctl edit`.
#pragma once

#include "egctl/command.h"
#include "egctl/invocation.h"

namespace sluice::egctl {

void add_edit(Command root, Invocation& invocation);

}  // namespace sluice::egctl
