// SPDX-License-Identifier: Apache-2.0
// Opens files beneath a folder, so that no name leads out of it: not "..", not a symbolic link, and
// not a folder that is moved meanwhile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
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
[[nodiscard]] Opened open_beneath(const Descriptor& root, const std::string& path, DiskWait wait);

// As open_root() and open_beneath() together, in one step. nullopt: the way has a symbolic link, or
// may lead up, so it has to be gone in two.
[[nodiscard]] std::optional<Opened> open_plainly(const std::string& root, const std::string& path,
                                                 DiskWait wait);

struct DiskRead {
  DiskAnswer answer = DiskAnswer::absent;  // found, would_wait or unavailable
  std::size_t size = 0;  // bytes read: 0 at the end of the file, else as many as there are
};
// Reads into `to`. Bytes that would have to come from the disk may be left out if others are there.
[[nodiscard]] DiskRead read_at(const Descriptor& file, std::uint64_t offset, std::span<char> to,
                               DiskWait wait);

// Whether the kernel has these bytes of a file in memory. Asks for each page if the kernel tells it
// to this process (Linux 6.5, and the file is its own or one that it may write), else for one page
// in each 32 KiB. False if the file is shorter. Never waits for the disk.
[[nodiscard]] bool in_memory(const Descriptor& file, std::uint64_t offset, std::size_t size);
// Waits until these bytes of a file are in memory. False if they cannot be read, or if the file is
// shorter.
[[nodiscard]] bool bring_into_memory(const Descriptor& file, std::uint64_t offset,
                                     std::size_t size);

// False: the kernel is older than Linux 5.6.
[[nodiscard]] bool can_open_beneath();

}  // namespace sluice::filters
