// SPDX-License-Identifier: Apache-2.0
// Length-prefixed messages of gRPC over HTTP/2: one octet (1: compressed), four octets of length,
// the message. Core-bound.
#pragma once

#include <etcd/rpc.pb.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace sluice::etcd {

inline constexpr std::size_t kGrpcPrefixBytes = 5;

// Returns the message with its prefix.
[[nodiscard]] std::string frame_of(const google::protobuf::MessageLite& message);
// Replaces `message` by the one that `bytes` encode; false if they encode none.
[[nodiscard]] bool decode(std::string_view bytes, google::protobuf::MessageLite& message);

// Cuts bytes into messages.
class GrpcFrames {
 public:
  explicit GrpcFrames(std::size_t message_bytes_max) : max_(message_bytes_max) {}

  enum class FrameFault : std::uint8_t {
    none,
    compressed,  // we have offered no compression
    too_large,   // over `message_bytes_max`
  };
  // Takes bytes, cut anywhere. Ignores them after a fault.
  void feed(std::string_view bytes);
  [[nodiscard]] bool has_message() const { return !whole_.empty(); }
  // Returns the next message. Requires: has_message().
  [[nodiscard]] std::string take();
  [[nodiscard]] FrameFault fault() const { return fault_; }
  // True between two messages.
  [[nodiscard]] bool at_boundary() const { return prefix_size_ == 0; }

 private:
  void read_prefix();
  void finish_message();

  const std::size_t max_;
  std::array<unsigned char, kGrpcPrefixBytes> prefix_{};
  std::size_t prefix_size_ = 0;
  std::size_t wanted_ = 0;  // bytes that the message lacks; valid after its prefix
  std::string message_;
  std::deque<std::string> whole_;
  FrameFault fault_ = FrameFault::none;
};

}  // namespace sluice::etcd
