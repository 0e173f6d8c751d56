// SPDX-License-Identifier: Apache-2.0
// Compression: compresses responses with gzip, for clients that accept it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/memory_budget.h"
#include "config/fields.h"
#include "http/deflater.h"
#include "http/message.h"
#include "loop/core.h"
#include "loop/task.h"

namespace sluice::filters {

struct CompressionSpec {
  std::uint64_t min_length = 0;
  std::uint32_t max_streams = 256;

  void fields(auto& visit) {
    visit("minLength", min_length,
          {.required = true,
           .doc = "bytes; shorter bodies go as they are, those of unknown length do not"});
    visit("maxStreams", max_streams,
          {.min = 1, .doc = "bodies compressed at a time; others meanwhile go as they are"});
  }
};

// Whether the response can be sent compressed to some client (RFC 9110 sections 7.7, 8.4). False if
// it is encoded already, is a part, has a digest, or has a type that gains nothing.
[[nodiscard]] bool compressible(const http::Request& request, const http::Response& response,
                                const CompressionSpec& spec);

// Core-bound.
class Compression {
 public:
  Compression(const loop::Core& core, const CompressionSpec& spec);

  // Compresses the body if the client accepts gzip. A whole body is compressed in pieces between
  // which other work runs, a stream as it flows. Adjusts Content-Encoding, ETag, Accept-Ranges and
  // Vary, also of responses to HEAD and of 304, which must match GET's. Returns true if the body is
  // compressed now. The memory of a stream is charged to `memory` (null: uncharged) until its end.
  Task<bool> apply(const http::Request& request, http::Response& response,
                   std::shared_ptr<MemoryHolder> memory = nullptr);

 private:
  Task<void> compress_whole(http::Response& response);
  Task<std::string> compressed(std::string_view bytes);

  const loop::Core& core_;
  CompressionSpec spec_;
  std::shared_ptr<std::size_t> permits_;   // free slots for bodies in compression
  std::unique_ptr<http::Deflater> small_;  // for bodies that are compressed in one call
};

}  // namespace sluice::filters
