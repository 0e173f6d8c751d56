// SPDX-License-Identifier: Apache-2.0
// `egctl logs`.
#pragma once

#include "egctl/command.h"
#include "egctl/invocation.h"

namespace sluice::egctl {

void add_logs(Command root, Invocation& invocation);

}  // namespace sluice::egctl
