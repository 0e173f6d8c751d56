// SPDX-License-Identifier: Apache-2.0
// `egctl backup restore`.
#pragma once

#include <string>

#include "base/result.h"
#include "egctl/invocation.h"

namespace sluice::egctl {

// Checks the whole file, then sends it. `force`: replaces what the gateway has, and says so.
[[nodiscard]] Result<void> restore_backup(Invocation& invocation, const std::string& path,
                                          bool force);

}  // namespace sluice::egctl
