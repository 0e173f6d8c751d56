// SPDX-License-Identifier: Apache-2.0
// Inside wasm/ only: names of a module for a message, of which there may be any number.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::wasm {

class NameList {
 public:
  void add(std::string_view name) {
    if (++count_ > kShownMax) return;
    if (count_ > 1) shown_ += ", ";
    shown_ += name.substr(0, kNameBytesMax);
    if (name.size() > kNameBytesMax) shown_ += "…";
  }
  [[nodiscard]] bool empty() const { return count_ == 0; }
  // "a, b", or the first ten "and 5 more".
  [[nodiscard]] std::string text() const {
    return count_ <= kShownMax ? shown_
                               : shown_ + " and " + std::to_string(count_ - kShownMax) + " more";
  }

 private:
  static constexpr std::size_t kShownMax = 10;
  static constexpr std::size_t kNameBytesMax = 200;

  std::string shown_;
  std::size_t count_ = 0;
};

}  // namespace sluice::wasm
