// SPDX-License-Identifier: Apache-2.0
// `egctl store`: which member owns which shared data.
#pragma once

#include "egctl/command.h"
#include "egctl/invocation.h"

namespace sluice::egctl {

void add_store(Command root, Invocation& invocation);

}  // namespace sluice::egctl
