// SPDX-License-Identifier: Apache-2.0
// A secret of this gateway, which keys what clients bring back: the cookies of sticky sessions. It
// outlives restarts in a file of the data folder that only its owner can read.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace sluice::server_program {

// What stands in `file`, 64 hex digits; made if the file is absent or holds anything else. One
// process at a time. Errors name the file.
[[nodiscard]] Result<std::string> own_secret(const std::filesystem::path& file);

}  // namespace sluice::server_program
