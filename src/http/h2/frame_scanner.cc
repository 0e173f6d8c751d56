// SPDX-License-Identifier: Apache-2.0
#include "http/h2/frame_scanner.h"

#include <algorithm>
#include <cstring>

namespace sluice::http::h2 {

FrameHead FrameScanner::parse(const char* bytes) {
  const auto at = [bytes](std::size_t i) -> std::uint32_t {
    return static_cast<unsigned char>(bytes[i]);
  };
  return {
      .length = at(0) << 16 | at(1) << 8 | at(2),
      .type = static_cast<FrameType>(at(3)),
      .flags = static_cast<std::uint8_t>(at(4)),
      .stream = static_cast<std::int32_t>((at(5) & 0x7f) << 24 | at(6) << 16 | at(7) << 8 | at(8))};
}

FrameScanner::Piece FrameScanner::next(std::string_view& input) {
  Piece piece;
  if (payload_left_ > 0) {
    piece.bytes = input.substr(0, payload_left_);
    payload_left_ -= static_cast<std::uint32_t>(piece.bytes.size());
    input.remove_prefix(piece.bytes.size());
    return piece;
  }
  if (head_size_ == 0 && input.size() >= kHeadBytes) {
    piece.head = parse(input.data());
    const std::size_t whole = kHeadBytes + piece.head->length;
    piece.bytes = input.substr(0, whole);
    payload_left_ = static_cast<std::uint32_t>(whole - piece.bytes.size());
    input.remove_prefix(piece.bytes.size());
    return piece;
  }
  const std::size_t count = std::min(kHeadBytes - head_size_, input.size());
  std::memcpy(head_.data() + head_size_, input.data(), count);
  head_size_ += count;
  input.remove_prefix(count);
  if (head_size_ < kHeadBytes) return piece;
  head_size_ = 0;
  piece.head = parse(head_.data());
  payload_left_ = piece.head->length;
  piece.bytes = {head_.data(), kHeadBytes};
  return piece;
}

}  // namespace sluice::http::h2
