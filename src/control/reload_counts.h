// SPDX-License-Identifier: Apache-2.0
// ReloadCounts: the reloads of this process, by kind and outcome. Any
// thread.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::control {

enum class ReloadKind : std::uint8_t {
  objects,        // documents that are applied at once
  code,           // of all filters, or an upload
  certificates,   // files that SIGHUP reads
  configuration,  // the file that SIGHUP reads
  rollback        // of code that failed too often; nobody has asked
};
inline constexpr std::array<std::string_view, 5> kReloadKinds{"objects", "code", "certificates",
                                                              "configuration", "rollback"};

class ReloadCounts {
 public:
  void note(ReloadKind kind, bool done) {
    counts_[static_cast<std::size_t>(kind)][done ? 1 : 0].fetch_add(1, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t count(ReloadKind kind, bool done) const {
    return counts_[static_cast<std::size_t>(kind)][done ? 1 : 0].load(std::memory_order_relaxed);
  }

 private:
  std::array<std::array<std::atomic<std::uint64_t>, 2>, kReloadKinds.size()> counts_{};
};

}  // namespace sluice::control
