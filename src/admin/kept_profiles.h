// SPDX-License-Identifier: Apache-2.0
// KeptProfiles: what a process leaves to the next one of the same home directory, of the profiles
// that nobody has stopped. Blocks; any thread that may wait for a disk.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/result.h"

namespace sluice::admin {

struct KeptProfiles {
  static constexpr std::size_t kBytesMax = std::size_t{64} << 20;  // of the file

  std::optional<std::string> cpu_path{};  // of the file that the caller wants
  std::string cpu{};                      // the profile, as it ended with its process
  std::optional<std::string> memory_path{};

  // Replaces the file, or removes it if there is nothing to keep. For its owner only.
  [[nodiscard]] Result<void> write(const std::string& file) const;
  // Nothing if there is no such file, or none of this form.
  [[nodiscard]] static KeptProfiles read(const std::string& file);
};

}  // namespace sluice::admin
