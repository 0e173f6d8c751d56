// SPDX-License-Identifier: Apache-2.0
// The bytes read from a client and not yet consumed. The first bytes go to a small buffer, longer
// input to a large one. An idle connection has neither. Core-bound.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

#include "server/limits.h"

namespace sluice::server {

class ReadBuffer {
 public:
  ReadBuffer() = default;
  ReadBuffer(const ReadBuffer&) = delete;
  ReadBuffer& operator=(const ReadBuffer&) = delete;

  [[nodiscard]] std::string_view unread() const { return {bytes_ + begin_, end_ - begin_}; }
  void consume(std::size_t count) {
    begin_ += count;
    if (begin_ == end_) begin_ = end_ = 0;
  }
  // Returns the room for the first bytes. Requires: nothing is unread.
  [[nodiscard]] std::span<char> first_room() {
    if (!small_) small_ = std::make_unique_for_overwrite<char[]>(kFirstBytes);
    bytes_ = small_.get();
    return {bytes_, kFirstBytes};
  }
  // Returns room for at least `size` more bytes.
  [[nodiscard]] std::span<char> room(std::size_t size) {
    if (is_small() || capacity_ - end_ < size) make_room(size);
    return {bytes_ + end_, capacity_ - end_};
  }
  // Returns the memory that room(size) will use.
  [[nodiscard]] std::size_t capacity_for(std::size_t size) const {
    const std::size_t held = end_ - begin_;
    const bool fits = !is_small() && capacity_ - end_ >= size;
    return fits || capacity_ >= held + size ? capacity_ : std::max(capacity_ * 2, held + size);
  }
  void filled(std::size_t count) { end_ += count; }
  // Gives back the memory. Requires: nothing is unread.
  void rest() {
    small_.reset();
    large_.reset();
    capacity_ = 0;
    bytes_ = nullptr;
  }

 private:
  [[nodiscard]] bool is_small() const { return bytes_ == small_.get(); }

  // Moves the unread bytes to the front of a large enough buffer.
  void make_room(std::size_t size) {
    const std::size_t held = end_ - begin_;
    if (capacity_ < held + size) {
      const std::size_t wanted = std::max(capacity_ * 2, held + size);
      auto larger = std::make_unique_for_overwrite<char[]>(wanted);
      if (held > 0) std::memcpy(larger.get(), bytes_ + begin_, held);
      large_ = std::move(larger);
      capacity_ = wanted;
    } else if (held > 0) {
      std::memmove(large_.get(), bytes_ + begin_, held);
    }
    bytes_ = large_.get();
    begin_ = 0;
    end_ = held;
  }

  std::unique_ptr<char[]> small_;
  std::unique_ptr<char[]> large_;
  std::size_t capacity_ = 0;  // of large_
  char* bytes_ = nullptr;     // the small or the large buffer
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace sluice::server
