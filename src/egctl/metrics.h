// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "egctl/command.h"
#include "egctl/invocation.h"

namespace sluice::egctl {

void add_metrics(Command root, Invocation& invocation);

}  // namespace sluice::egctl
