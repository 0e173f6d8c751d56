// SPDX-License-Identifier: Apache-2.0
// Decodes the body of a message: by length, in chunks (RFC 9112 section 7.1), or until the
// connection closes. Only trailers are buffered: pieces are parts of the input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "http/h1/line.h"
#include "http/headers.h"

namespace sluice::http::h1 {

struct BodyLimits {
  std::uint32_t overhead_bytes_max;  // chunk extensions of a body; its trailers
  std::uint32_t fields_max;          // trailers
};

class BodyDecoder {
 public:
  explicit BodyDecoder(BodyLimits limits) : limits_(limits) {}

  // Each begins a body: of `length` bytes, in chunks, or until the connection closes.
  void start_length(std::uint64_t length);
  void start_chunked();
  void start_until_close();

  struct Decoded {
    std::size_t consumed = 0;
    std::string_view bytes{};  // empty: need more input, or done(), or fault()
  };
  // Takes more input and returns the next bytes of the body, a part of `input`. Requires: the next
  // input begins with the bytes that were not consumed.
  [[nodiscard]] Decoded decode(std::string_view input);
  [[nodiscard]] bool done() const { return phase_ == Phase::done; }
  [[nodiscard]] bool until_close() const { return phase_ == Phase::until_close; }
  // The reason for which the body was refused; status 0: none.
  [[nodiscard]] const Fault& fault() const { return fault_; }
  // Returns the accepted trailers after done(); null: none.
  [[nodiscard]] std::unique_ptr<Headers> take_trailers() { return std::move(trailers_); }

 private:
  enum class Phase { done, length, until_close, chunk_size, chunk_data, chunk_end, trailers };

  Decoded take_data(std::string_view input);
  // Each reads one line and returns the bytes consumed; 0 for need_more or a fault.
  std::size_t read_chunk_size(std::string_view input);
  std::size_t read_chunk_end(std::string_view input);
  std::size_t read_trailer(std::string_view input);
  std::size_t refuse(int status, std::string_view reason);

  BodyLimits limits_;
  LineReader lines_;
  Fault fault_;
  Phase phase_ = Phase::done;
  std::uint64_t left_ = 0;           // of the length, or of the current chunk
  std::size_t overhead_ = 0;         // bytes of chunk extensions, then of trailers
  std::uint32_t trailer_count_ = 0;  // includes the trailers that are dropped
  std::unique_ptr<Headers> trailers_;
};

}  // namespace sluice::http::h1
