// SPDX-License-Identifier: Apache-2.0
// MadeBytes: a body that a program makes. It is charged to the memory of the client's connection,
// as are bodies that are read: from the first byte over kUnchargedMadeBytesMax, until this or the
// http::Body that takes it over is gone. Core-bound.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "http/body.h"
#include "http/body_memory.h"

namespace sluice::http {

inline constexpr std::size_t kMadeBodyBytesMax = std::size_t{16} << 20;  // for those who make one
// Up to this size, nobody charges a body that is made.
inline constexpr std::size_t kUnchargedMadeBytesMax = std::size_t{64} << 10;

class MadeBytes {
 public:
  // Has no bytes. `memory`: null: no limit.
  explicit MadeBytes(std::shared_ptr<MemoryHolder> memory = nullptr) : memory_(std::move(memory)) {}

  // Puts `bytes` in the place of `count` bytes from `at` on. False, and unchanged: the memory of
  // the connection or of the process refuses. Requires: at + count <= text().size().
  [[nodiscard]] bool replace(std::size_t at, std::size_t count, std::string_view bytes);
  // Makes them `bytes`. Errors as of replace().
  [[nodiscard]] bool assign(std::string_view bytes) { return replace(0, bytes_.size(), bytes); }
  [[nodiscard]] std::string_view text() const { return bytes_; }
  // The last call: the bytes, with the charge for them, go into `body`, or to the caller, who
  // charges them.
  void give_to(Body& body);
  [[nodiscard]] std::string take() {
    charge_.reset();
    return std::move(bytes_);
  }

 private:
  std::shared_ptr<MemoryHolder> memory_;
  std::shared_ptr<BodyCharge> charge_{};
  std::string bytes_;
};

}  // namespace sluice::http
