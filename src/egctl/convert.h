// SPDX-License-Identifier: Apache-2.0
// `egctl convert nginx`: objects from a configuration of nginx. Calls no server.
#pragma once

#include "egctl/command.h"
#include "egctl/invocation.h"

namespace sluice::egctl {

void add_convert(Command root, Invocation& invocation);

}  // namespace sluice::egctl
