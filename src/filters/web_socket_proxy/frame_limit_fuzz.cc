// SPDX-License-Identifier: Apache-2.0
// Invariant: where a stream is cut does not change whether it passes.
#include <cstdint>
#include <cstdlib>

#include "filters/web_socket_proxy/frame_limit.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = 1 + data[0] % 7;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  sluice::filters::FrameLimit whole(data[0]);
  sluice::filters::FrameLimit pieces(data[0]);
  const bool passes = whole.take(stream);
  bool passes_in_pieces = true;
  for (std::size_t at = 0; at < stream.size(); at += step)
    passes_in_pieces = pieces.take(stream.substr(at, step));
  if (passes != passes_in_pieces) std::abort();
  return 0;
}
