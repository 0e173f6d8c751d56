// SPDX-License-Identifier: Apache-2.0
#include "filters/web_socket_proxy/frame_limit.h"

#include <algorithm>

namespace sluice::filters {
namespace {

constexpr unsigned char kOpcode = 0x0f;
constexpr unsigned char kContinuation = 0;
constexpr unsigned char kFirstControl = 8;  // close, ping, pong: between the frames of a message
constexpr unsigned char kMasked = 0x80;
constexpr unsigned char kShortSize = 0x7f;
constexpr unsigned char kTwoBytes = 126;
constexpr unsigned char kEightBytes = 127;
constexpr std::size_t kMaskBytes = 4;

std::size_t size_bytes(unsigned char second) {
  const unsigned char size = second & kShortSize;
  if (size == kTwoBytes) return 2;
  return size == kEightBytes ? 8 : 0;
}

}  // namespace

// Requires: the first two bytes are there.
std::size_t FrameLimit::head_size() const {
  return 2 + size_bytes(head_[1]) + ((head_[1] & kMasked) != 0 ? kMaskBytes : 0);
}

std::uint64_t FrameLimit::payload_size() const {
  const std::size_t bytes = size_bytes(head_[1]);
  if (bytes == 0) return head_[1] & kShortSize;
  std::uint64_t size = 0;
  for (std::size_t i = 0; i < bytes; ++i) size = size << 8 | head_[2 + i];
  return size;
}

bool FrameLimit::finish_head() {
  head_bytes_ = 0;
  payload_left_ = payload_size();
  const unsigned char opcode = head_[0] & kOpcode;
  const bool control = opcode >= kFirstControl;
  if (control) return payload_left_ <= max_ || payload_left_ < kTwoBytes;
  if (opcode != kContinuation) message_ = 0;
  if (payload_left_ > max_ - message_) return false;
  message_ += payload_left_;
  return true;
}

bool FrameLimit::take(std::string_view bytes) {
  while (!bytes.empty() && !exceeded_) {
    if (payload_left_ > 0) {
      const auto skipped = std::min<std::uint64_t>(payload_left_, bytes.size());
      payload_left_ -= skipped;
      bytes.remove_prefix(skipped);
      continue;
    }
    head_[head_bytes_++] = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    if (head_bytes_ >= 2 && head_bytes_ == head_size()) exceeded_ = !finish_head();
  }
  return !exceeded_;
}

}  // namespace sluice::filters
