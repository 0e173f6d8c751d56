// SPDX-License-Identifier: Apache-2.0
// Pieces: collects the output of a WriteBody into pieces of a reasonable size.
#pragma once

#include <cstddef>
#include <string>

#include "admin/message.h"

namespace sluice::admin {

inline constexpr std::size_t kPieceBytes = 64 << 10;

class Pieces {
 public:
  // Requires: `write` outlives this.
  explicit Pieces(const WritePiece& write) : write_(write) {}
  std::string out;

  // False if the client reads no further.
  bool flush(std::size_t bytes_min = 1) {
    if (failed_ || out.size() < bytes_min) return !failed_;
    failed_ = !write_(out);
    out.clear();
    return !failed_;
  }

 private:
  const WritePiece& write_;
  bool failed_ = false;
};

}  // namespace sluice::admin
