// SPDX-License-Identifier: Apache-2.0
// `egctl backup restore`.
#pragma once

#include <string>

#include "base/result.h"
#include "egctl/invocation.h"
#include "egctl/wait.h"

namespace sluice::egctl {

// Checks the whole file, then sends it. `force`: replaces what the gateway has, and says so. In a
// cluster, waits until every member runs the objects.
[[nodiscard]] Result<void> restore_backup(Invocation& invocation, const std::string& path,
                                          bool force, const Waiting& waiting = {});

}  // namespace sluice::egctl
