// SPDX-License-Identifier: Apache-2.0
// `egctl config`: contexts, users and clusters of the file of settings.
#pragma once

#include "egctl/command.h"
#include "egctl/invocation.h"

namespace sluice::egctl {

void add_config(Command root, Invocation& invocation);

}  // namespace sluice::egctl
