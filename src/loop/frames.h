// SPDX-License-Identifier: Apache-2.0
// The memory of coroutine frames. A proxied request makes some 25 nested coroutines, so each thread
// keeps freed frames and reuses them, newest first. The lists are per thread and invisible to
// callers, like those of an allocator. They are the one exception to "no mutable global". Under a
// sanitizer, every frame comes from the heap.
#pragma once

#include <cstddef>

namespace sluice::loop::frames {

// A frame above this size comes from the heap each time.
inline constexpr std::size_t kFrameBytesMax = 4096;
// The most that one thread keeps for reuse.
inline constexpr std::size_t kKeptBytesMax = 1 << 20;

// Returns `size` bytes for one frame; throws std::bad_alloc. Any thread.
void* take(std::size_t size);
// Returns a frame of take(size), on any thread.
void give(void* frame, std::size_t size) noexcept;

// Returns the bytes that the calling thread keeps.
std::size_t kept() noexcept;
// Frees the bytes that the calling thread keeps. Called at the end of EventLoop::run().
void drain() noexcept;

}  // namespace sluice::loop::frames
