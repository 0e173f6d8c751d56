// SPDX-License-Identifier: Apache-2.0
// Reads files of the data directory without trusting them: a user may have replaced a file by a
// folder, a pipe or a device. A stream of the standard library throws for a folder and blocks on a
// pipe.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace sluice {

// Reads a whole regular file of at most `bytes_max` bytes. Never waits for another process. The
// error names the path: `not_found`, `invalid` (not a regular file), `too_large`, else
// `unavailable`. Any thread that may wait for a disk.
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t bytes_max);

}  // namespace sluice
