// SPDX-License-Identifier: Apache-2.0
// FrameLimit: bounds the messages of one direction of a WebSocket (RFC 6455 section 5).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::filters {

// Core-bound. Reads the heads of the frames and holds no payload.
class FrameLimit {
 public:
  explicit FrameLimit(std::uint64_t message_bytes_max) : max_(message_bytes_max) {}

  // Takes the next bytes of the stream, cut anywhere. Returns false, then and ever after, if a
  // frame head among them announces a message of more than the maximum. The payload counts as it is
  // sent: compressed if the peers compress it.
  [[nodiscard]] bool take(std::string_view bytes);

 private:
  static constexpr std::size_t kHeadBytesMax = 14;

  [[nodiscard]] std::size_t head_size() const;
  [[nodiscard]] std::uint64_t payload_size() const;
  bool finish_head();

  std::uint64_t max_;
  std::uint64_t message_ = 0;       // bytes of the message so far
  std::uint64_t payload_left_ = 0;  // bytes of the frame that are still to come
  std::array<unsigned char, kHeadBytesMax> head_{};
  std::size_t head_bytes_ = 0;
  bool exceeded_ = false;
};

}  // namespace sluice::filters
