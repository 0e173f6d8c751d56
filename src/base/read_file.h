// SPDX-License-Identifier: Apache-2.0
// Files of the data directory, read without trust: somebody may have put a folder, a pipe or a
// device where a file was. A stream of the standard library throws for the first and waits for the
// second.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace sluice {

// All of a regular file, `bytes_max` bytes at most. Never waits for another process. Error, which
// names the path: `not_found`, `invalid` (not a regular file), `too_large`, else `unavailable`.
// Any thread that may wait for a disk.
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t bytes_max);

}  // namespace sluice
