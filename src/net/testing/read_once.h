// SPDX-License-Identifier: Apache-2.0
// For tests: what one read brings.
#pragma once

#include <array>
#include <string>

#include "loop/task.h"
#include "net/stream.h"

namespace sluice::net::testing {

// The bytes of one read, "" at the end of the stream, or "error: " and the reason.
inline Task<std::string> read_once(Stream& stream) {
  std::array<char, 20'000> buffer;
  const auto count = co_await stream.read_some(buffer);
  co_return count ? std::string(buffer.data(), *count) : "error: " + count.error().message;
}

}  // namespace sluice::net::testing
