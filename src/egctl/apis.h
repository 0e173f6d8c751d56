// SPDX-License-Identifier: Apache-2.0
// `egctl apis`, and its older form `egctl api list`.
#pragma once

#include "egctl/command.h"
#include "egctl/invocation.h"

namespace sluice::egctl {

void add_apis(Command root, Invocation& invocation);
void add_api_resources(Command root, Invocation& invocation);

}  // namespace sluice::egctl
