// SPDX-License-Identifier: Apache-2.0
// Memory of coroutine frames. A proxied request makes some 25 coroutines, one below the other, so
// each thread keeps what it frees and hands it out again, newest first.
// The lists are per thread and invisible from outside, as those of an allocator are; they are the
// one exception to "no mutable global". Under a sanitizer every frame comes from the heap.
#pragma once

#include <cstddef>

namespace sluice::loop::frames {

// A frame above this size comes from the heap each time.
inline constexpr std::size_t kFrameBytesMax = 4096;
// What one thread keeps for reuse.
inline constexpr std::size_t kKeptBytesMax = 1 << 20;

// `size` bytes for one frame; throws std::bad_alloc. Any thread.
void* take(std::size_t size);
// Takes back what take(size) gave, on this thread or another.
void give(void* frame, std::size_t size) noexcept;

// Bytes that the calling thread keeps.
std::size_t kept() noexcept;
// Frees what the calling thread keeps. EventLoop::run() ends with it.
void drain() noexcept;

}  // namespace sluice::loop::frames
