// SPDX-License-Identifier: Apache-2.0
// The two ways in which a response streams: a Stream, which a thread writes through a pipe, and
// Events, which a thread is asked for piece by piece. Both are read by the loop as the client
// reads.
#pragma once

#include <cstddef>
#include <memory>

#include "admin/message.h"
#include "admin/threads.h"
#include "http/body.h"
#include "loop/event_loop.h"

namespace sluice::admin {

// The most bytes that wait in a pipe for the client. With more, the writing thread waits.
inline constexpr std::size_t kPipeBytesMax = std::size_t{256} << 10;

// The thread of `stream` begins with the first read(), and ends soon after the reader is destroyed.
// A body that failed ends with the error `closed`. Requires: `loop` and `threads` outlive it.
[[nodiscard]] std::unique_ptr<http::BodyReader> read_stream(loop::EventLoop& loop, Threads& threads,
                                                            Stream stream);
// Errors and requirements: those of read_stream().
[[nodiscard]] std::unique_ptr<http::BodyReader> read_events(loop::EventLoop& loop, Threads& threads,
                                                            Events events);

}  // namespace sluice::admin
