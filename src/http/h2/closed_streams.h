// SPDX-License-Identifier: Apache-2.0
// Records how recent streams were closed. Frames that may still arrive for them depend on it (RFC
// 9113 section 5.1, "closed").
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace sluice::http::h2 {

class ClosedStreams {
 public:
  enum class How {
    by_client,  // it has ended or reset its side: no frame may follow
    by_us,      // it may not know yet: further frames are ignored
    unknown,    // long ago, or never opened
  };

  void add(std::int32_t id, How how) {
    entries_[next_] = static_cast<std::uint32_t>(id) << 1 | (how == How::by_us ? 1U : 0U);
    next_ = (next_ + 1) % entries_.size();
  }
  [[nodiscard]] How find(std::int32_t id) const {
    const std::uint32_t key = static_cast<std::uint32_t>(id) << 1;
    const auto found =
        std::ranges::find_if(entries_, [key](std::uint32_t entry) { return (entry & ~1U) == key; });
    if (found == entries_.end()) return How::unknown;
    return (*found & 1) != 0 ? How::by_us : How::by_client;
  }

 private:
  static constexpr std::size_t kRemembered = 128;
  std::array<std::uint32_t, kRemembered> entries_{};
  std::size_t next_ = 0;
};

}  // namespace sluice::http::h2
