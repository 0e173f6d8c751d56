// SPDX-License-Identifier: Apache-2.0
// Inflater: gzip (RFC 1952) to bytes, piece by piece, of one member or several. About 40 KiB each.
// Core-bound.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct z_stream_s;

namespace sluice::http {

class Inflater {
 public:
  // `bytes_max`: of all output.
  explicit Inflater(std::size_t bytes_max);
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Appends the output of the next bytes to `out`. Errors: `invalid` if they are no gzip;
  // `too_large` if the output becomes longer than `bytes_max`.
  [[nodiscard]] Result<void> feed(std::string_view bytes, std::string& out);
  // Error `invalid`: the last member is not whole.
  [[nodiscard]] Result<void> finish() const;

 private:
  std::unique_ptr<z_stream_s> stream_;
  std::size_t left_;
  bool whole_ = false;  // the input ends where a member ends
};

}  // namespace sluice::http
