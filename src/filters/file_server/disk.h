// SPDX-License-Identifier: Apache-2.0
// Opens files beneath a folder, so that no name leads out of it: not "..", not a symbolic link, and
// not a folder that is moved meanwhile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/descriptor.h"

namespace sluice::filters {

// Whether a call may wait for the disk. `never`: for an event loop.
enum class DiskWait : std::uint8_t { never, allowed };

enum class DiskAnswer : std::uint8_t {
  found,
  absent,       // there is no such file or folder, or it is none that is served
  would_wait,   // only with DiskWait::never: ask again on a thread that may wait
  unavailable,  // the system refuses: no permission, no descriptors, a failing disk
};

struct DiskFile {
  Descriptor file{};
  bool is_folder = false;
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;  // since 1970
};

struct Opened {
  DiskAnswer answer = DiskAnswer::absent;
  DiskFile file{};
};

// Opens the folder itself. It is not kept open by the filter, so that a release may replace it.
[[nodiscard]] Opened open_root(const std::string& path, DiskWait wait);
// Opens a regular file or a folder beneath `root`. `path` begins with '/'; "/" is the root itself.
// Never waits for a pipe, and opens no device.
[[nodiscard]] Opened open_beneath(const Descriptor& root, std::string_view path, DiskWait wait);

struct DiskRead {
  DiskAnswer answer = DiskAnswer::absent;  // found, would_wait or unavailable
  std::size_t size = 0;  // bytes read: 0 at the end of the file, else as many as there are
};
// Reads into `to`. Bytes that would have to come from the disk may be left out if others are there.
[[nodiscard]] DiskRead read_at(const Descriptor& file, std::uint64_t offset, std::span<char> to,
                               DiskWait wait);

// False: the kernel is older than Linux 5.6.
[[nodiscard]] bool can_open_beneath();

}  // namespace sluice::filters
