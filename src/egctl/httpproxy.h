// SPDX-License-Identifier: Apache-2.0
// egctl create httpproxy: an HTTPServer and its pipelines, from flags.
#pragma once

#include "egctl/command.h"
#include "egctl/invocation.h"

namespace sluice::egctl {

void add_create_httpproxy(Command create, Invocation& invocation);

}  // namespace sluice::egctl
