// SPDX-License-Identifier: Apache-2.0
// The bytes of an open file as the body of a response. Core-bound.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/descriptor.h"
#include "base/result.h"
#include "http/body.h"
#include "http/body_memory.h"
#include "loop/blocking_pool.h"

namespace sluice::filters {

inline constexpr std::size_t kFilePieceBytes = std::size_t{64} << 10;

// A part of a file, which stays open as long as it is needed.
struct FilePart {
  std::shared_ptr<const Descriptor> file;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

// Reads a part of at most kFilePieceBytes at once. Error `unavailable`: no thread is free;
// `internal`: the file cannot be read, or is shorter now.
[[nodiscard]] Task<Result<std::string>> read_whole(loop::EventLoop& loop, loop::BlockingPool& pool,
                                                   FilePart part);

// Streams a part. A file that is shorter now ends the body as a sender that breaks off does.
// `charge`: of the piece in memory; may be null.
[[nodiscard]] std::unique_ptr<http::BodyReader> stream_file(
    loop::EventLoop& loop, std::shared_ptr<loop::BlockingPool> pool, FilePart part,
    std::unique_ptr<http::BodyCharge> charge);

}  // namespace sluice::filters
