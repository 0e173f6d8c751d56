// SPDX-License-Identifier: Apache-2.0
// Descriptor: the only owner of an open file, socket or other descriptor. Code that opens one makes
// a Descriptor of it in the same statement, so that every way out closes it.
#pragma once

#include <utility>

namespace sluice {

// One thread at a time.
class Descriptor {
 public:
  Descriptor() = default;
  // Takes over `number`. Negative: the call that should have opened it has failed.
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor() { reset(); }

  [[nodiscard]] int get() const { return number_; }
  [[nodiscard]] bool is_open() const { return number_ >= 0; }
  // Returns the number. The caller closes it.
  [[nodiscard]] int release() { return std::exchange(number_, -1); }
  void reset() {
    if (is_open()) (void)close();
  }
  // Returns false, with errno, if the system could not write what was buffered. It is closed
  // anyway.
  [[nodiscard]] bool close();

 private:
  int number_ = -1;
};

}  // namespace sluice
