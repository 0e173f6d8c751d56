// SPDX-License-Identifier: Apache-2.0
// A secret of this gateway. It keys data that clients send back: the cookies of sticky sessions.
// The secret survives restarts in a file of the data folder that only its owner can read.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace sluice::server_program {

// The secret in `file`, 64 hex digits. Creates the file if it is absent or malformed. Requires: one
// process at a time. Errors name the file.
[[nodiscard]] Result<std::string> own_secret(const std::filesystem::path& file);

}  // namespace sluice::server_program
