// SPDX-License-Identifier: Apache-2.0
// Bytes read from a client and not yet consumed. Core-bound.
#pragma once

#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace sluice::server {

class ReadBuffer {
 public:
  [[nodiscard]] std::string_view unread() const { return {bytes_.get() + begin_, end_ - begin_}; }
  void consume(std::size_t count) {
    begin_ += count;
    if (begin_ == end_) begin_ = end_ = 0;
  }
  // Room for at least `size` more bytes.
  [[nodiscard]] std::span<char> room(std::size_t size) {
    if (begin_ > 0 && capacity_ - end_ < size) {
      std::memmove(bytes_.get(), bytes_.get() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    if (capacity_ - end_ < size) {
      const std::size_t wanted = std::max(capacity_ * 2, end_ + size);
      auto larger = std::make_unique_for_overwrite<char[]>(wanted);
      if (end_ > 0) std::memcpy(larger.get(), bytes_.get(), end_);
      bytes_ = std::move(larger);
      capacity_ = wanted;
    }
    return {bytes_.get() + end_, capacity_ - end_};
  }
  void filled(std::size_t count) { end_ += count; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace sluice::server
