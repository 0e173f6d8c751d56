// SPDX-License-Identifier: Apache-2.0
// `egctl validate`.
#pragma once

#include "egctl/command.h"
#include "egctl/invocation.h"

namespace sluice::egctl {

void add_validate(Command root, Invocation& invocation);

}  // namespace sluice::egctl
