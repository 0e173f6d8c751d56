// SPDX-License-Identifier: Apache-2.0
// Whole files. A reader trusts nothing: a user may have replaced a file by a folder, a pipe or a
// device. A stream of the standard library throws for a folder, and blocks on a pipe. A writer
// replaces a file as a whole. Any thread that may wait for a disk.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice {

enum class FileKind {
  regular,  // never waits for another process
  any,      // also pipes and devices, as in `--config-file /dev/stdin`; may wait for their writer
};

// Reads a whole file of at most `bytes_max` bytes. The error names the path: `not_found`, `invalid`
// (not a regular file), `too_large`, else `unavailable`.
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t bytes_max,
                                            FileKind kind = FileKind::regular);

// Writes all bytes. Returns false, with errno, if that fails. A blocking descriptor only.
[[nodiscard]] bool write_all(int descriptor, std::string_view bytes);

struct ReplaceOptions {
  unsigned mode = 0600;
  bool sync = true;                  // on return, the bytes and the name are on the disk
  std::string_view suffix = ".new";  // of the file until it is complete, in the same folder
};
// Gives `path` the contents `bytes`: a reader sees the old file or the new one, never a part of it,
// and so does a reader after a crash if `sync` is set. A leftover of the temporary name is removed.
// One caller at a time for the same path and suffix. Error `unavailable`: "PATH cannot be written:
// REASON".
[[nodiscard]] Result<void> replace_file(const std::string& path, std::string_view bytes,
                                        const ReplaceOptions& options = {});

// Brings the names in a folder to the disk. Returns false, with errno, if that fails.
[[nodiscard]] bool sync_directory(const std::string& path);

}  // namespace sluice
