// SPDX-License-Identifier: Apache-2.0
// UnsyncedWrites: the bytes written to a file since its last successful sync, in the order of
// writing. One thread at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::store {

class UnsyncedWrites {
 public:
  void add(std::int64_t at, std::string_view bytes) {
    writes_.push_back({at, bytes_.size(), bytes.size()});
    bytes_.append(bytes);
  }
  // The file was cut to `size` bytes.
  void truncate(std::int64_t size) {
    for (PendingWrite& write : writes_) {
      const auto left = static_cast<std::size_t>(std::max<std::int64_t>(size - write.at, 0));
      write.size = std::min(write.size, left);
    }
  }
  // Puts the earlier writes `older` in front.
  void prepend(UnsyncedWrites older) {
    for (const PendingWrite& write : writes_) {
      older.add(write.at, std::string_view(bytes_).substr(write.offset, write.size));
    }
    *this = std::move(older);
  }
  [[nodiscard]] UnsyncedWrites take() { return std::exchange(*this, {}); }
  // Forgets all writes; keeps a small allocation.
  void clear() {
    writes_.clear();
    bytes_.clear();
    if (bytes_.capacity() > kKeptBytesMax) *this = {};
  }

  // Calls each(at, bytes) -> int until one result is not 0, and returns that.
  template <class Each>
  [[nodiscard]] int visit(const Each& each) const {
    for (const PendingWrite& write : writes_) {
      const auto bytes = std::string_view(bytes_).substr(write.offset, write.size);
      if (const int code = bytes.empty() ? 0 : each(write.at, bytes)) return code;
    }
    return 0;
  }
  [[nodiscard]] bool empty() const { return writes_.empty(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_.size(); }

 private:
  static constexpr std::size_t kKeptBytesMax = 1 << 20;
  struct PendingWrite {
    std::int64_t at;     // in the file
    std::size_t offset;  // in bytes_
    std::size_t size;
  };
  std::vector<PendingWrite> writes_;
  std::string bytes_;
};

}  // namespace sluice::store
