// SPDX-License-Identifier: Apache-2.0
// Deflater: bytes to gzip (RFC 1952), piece by piece. About 256 KiB each. Core-bound.
#pragma once

#include <memory>
#include <string>
#include <string_view>

struct z_stream_s;

namespace sluice::http {

class Deflater {
 public:
  enum class Flush {
    none,    // bytes may stay inside
    sync,    // the receiver can decode all input so far
    finish,  // the end of the stream
  };

  Deflater();
  ~Deflater();
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  // Compresses `bytes` and appends the output to `out`.
  void feed(std::string_view bytes, Flush flush, std::string& out);
  // Starts a new stream and keeps the memory.
  void reset();

 private:
  std::unique_ptr<z_stream_s> stream_;
};

}  // namespace sluice::http
