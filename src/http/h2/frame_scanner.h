// SPDX-License-Identifier: Apache-2.0
// Finds the frames in a client's bytes (RFC 9113 section 4.1) before the protocol library does, so
// that every frame is checked, including those that the library ignores silently.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::http::h2 {

enum class FrameType : std::uint8_t {
  data = 0,
  headers = 1,
  priority = 2,
  rst_stream = 3,
  settings = 4,
  push_promise = 5,
  ping = 6,
  goaway = 7,
  window_update = 8,
  continuation = 9,
  priority_update = 16,  // RFC 9218 section 7.1
};

struct FrameHead {
  std::uint32_t length;
  FrameType type;
  std::uint8_t flags;
  std::int32_t stream;
};

inline constexpr std::size_t kFrameHeadBytes = 9;
inline constexpr std::uint8_t kFlagEndStream = 0x1;  // also ACK
inline constexpr std::uint8_t kFlagEndHeaders = 0x4;

class FrameScanner {
 public:
  struct Piece {
    // Set if this piece begins a frame: its complete head.
    std::optional<FrameHead> head;
    // The bytes to pass on, valid until the next call. Empty: the head is incomplete.
    std::string_view bytes;
  };
  // Takes the next piece, at most one frame, off the front of `input`. Requires: `input` is not
  // empty.
  [[nodiscard]] Piece next(std::string_view& input);
  // True in the middle of a frame.
  [[nodiscard]] bool within_frame() const { return payload_left_ > 0 || head_size_ > 0; }

 private:
  static constexpr std::size_t kHeadBytes = 9;
  [[nodiscard]] static FrameHead parse(const char* bytes);

  std::array<char, kHeadBytes> head_{};  // of a head that arrived in parts
  std::size_t head_size_ = 0;
  std::uint32_t payload_left_ = 0;
};

}  // namespace sluice::http::h2
