// SPDX-License-Identifier: Apache-2.0
#include "loop/frames.h"

#include <array>
#include <new>

namespace sluice::loop::frames {

namespace {

constexpr std::size_t kStep = 64;
constexpr std::size_t kClasses = kFrameBytesMax / kStep;

// A sanitizer sees the end of a frame's life only if the frame is freed on the heap.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kReuse = false;
#else
constexpr bool kReuse = true;
#endif

struct Free {
  Free* next;
};

struct Lists {
  std::array<Free*, kClasses> first{};
  std::size_t bytes = 0;
};

constinit thread_local Lists lists;

constexpr std::size_t class_of(std::size_t size) { return (size - 1) / kStep; }
constexpr std::size_t bytes_of(std::size_t of_class) { return (of_class + 1) * kStep; }

}  // namespace

void* take(std::size_t size) {
  if (!kReuse || size > kFrameBytesMax) return ::operator new(size);
  const std::size_t of_class = class_of(size);
  Free* const frame = lists.first[of_class];
  if (frame == nullptr) return ::operator new(bytes_of(of_class));
  lists.first[of_class] = frame->next;
  lists.bytes -= bytes_of(of_class);
  return frame;
}

void give(void* frame, std::size_t size) noexcept {
  const std::size_t of_class = class_of(size);
  if (!kReuse || size > kFrameBytesMax || lists.bytes + bytes_of(of_class) > kKeptBytesMax) {
    ::operator delete(frame);
    return;
  }
  lists.first[of_class] = new (frame) Free{lists.first[of_class]};
  lists.bytes += bytes_of(of_class);
}

std::size_t kept() noexcept { return lists.bytes; }

void drain() noexcept {
  for (Free*& first : lists.first) {
    while (first != nullptr) {
      Free* const frame = first;
      first = frame->next;
      ::operator delete(frame);
    }
  }
  lists.bytes = 0;
}

}  // namespace sluice::loop::frames
