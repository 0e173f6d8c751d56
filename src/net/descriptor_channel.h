// SPDX-License-Identifier: Apache-2.0
// DescriptorChannel: messages with open descriptors between two processes (SCM_RIGHTS over a pair
// of Unix sockets), for a hot restart. Streams of sockets that come that way.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "loop/event_loop.h"
#include "net/stream.h"

namespace sluice::net {

// An open descriptor, closed at the end.
class OwnedDescriptor {
 public:
  OwnedDescriptor() = default;
  explicit OwnedDescriptor(int value) : value_(value) {}
  OwnedDescriptor(OwnedDescriptor&& other) noexcept : value_(other.release()) {}
  OwnedDescriptor& operator=(OwnedDescriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~OwnedDescriptor();
  [[nodiscard]] int get() const { return value_; }
  [[nodiscard]] int release() { return std::exchange(value_, -1); }

 private:
  int value_ = -1;
};

struct ChannelMessage {
  std::string text;
  std::vector<OwnedDescriptor> descriptors;
};

// Any thread may send; one receives.
class DescriptorChannel {
 public:
  static constexpr std::size_t kTextBytesMax = 4096;
  static constexpr std::size_t kDescriptorsMax = 200;  // of one message; Linux allows 253

  explicit DescriptorChannel(OwnedDescriptor end) : end_(std::move(end)) {}
  // Both ends, closed by exec.
  [[nodiscard]] static Result<std::pair<OwnedDescriptor, OwnedDescriptor>> make_pair();

  // The descriptors stay open here, too. Error `timed_out` if nobody makes room until `deadline`
  // (Clock::now(): does not wait), `closed` if the other end is gone.
  [[nodiscard]] Result<void> send(std::string_view text, std::span<const int> descriptors,
                                  TimePoint deadline) const;
  // nullopt if the other end is gone. Error `timed_out`.
  [[nodiscard]] Result<std::optional<ChannelMessage>> receive(TimePoint deadline) const;
  // Ends a receive() of another thread, and all that follow.
  void shut_down() const;

 private:
  OwnedDescriptor end_;
};

// A connected Stream of `descriptor`, a socket that a message brought; null if the loop cannot
// watch it. `peer` and `secure` are what the one who accepted the connection knows of its client.
// Core-bound.
[[nodiscard]] std::unique_ptr<Stream> make_handed_stream(loop::EventLoop& loop,
                                                         OwnedDescriptor descriptor,
                                                         std::string peer, bool secure);
// Two connected ends of a local stream, non-blocking.
[[nodiscard]] Result<std::pair<OwnedDescriptor, OwnedDescriptor>> make_stream_pair();

}  // namespace sluice::net
