// SPDX-License-Identifier: Apache-2.0
// DescriptorChannel: messages with open descriptors between two processes (SCM_RIGHTS over a pair
// of Unix sockets), for a hot restart. make_handed_stream() makes Streams of received sockets.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "base/time.h"
#include "loop/event_loop.h"
#include "net/stream.h"

namespace sluice::net {

struct ChannelMessage {
  std::string text;
  std::vector<Descriptor> descriptors;
};

// Any thread may send. One thread receives.
class DescriptorChannel {
 public:
  static constexpr std::size_t kTextBytesMax = 4096;
  static constexpr std::size_t kDescriptorsMax = 200;  // per message; Linux allows 253

  explicit DescriptorChannel(Descriptor end) : end_(std::move(end)) {}
  // Returns both ends. exec closes them. Error: `internal`.
  [[nodiscard]] static Result<std::pair<Descriptor, Descriptor>> make_pair();

  // Sends a message; the descriptors stay open here. Blocks while there is no room. Errors:
  // `timed_out` at `deadline` (Clock::now(): does not wait), `closed` if the other end is gone,
  // `too_large` over the limits above, `internal`.
  [[nodiscard]] Result<void> send(std::string_view text, std::span<const int> descriptors,
                                  TimePoint deadline) const;
  // Blocks until a message arrives. Returns nullopt if the other end is gone. Errors: `timed_out`,
  // `internal`.
  [[nodiscard]] Result<std::optional<ChannelMessage>> receive(TimePoint deadline) const;
  // Ends a pending receive() of another thread and all later ones.
  void shut_down() const;

 private:
  Descriptor end_;
};

// Makes a connected Stream of `descriptor`, a socket received in a message. Returns null if the
// loop cannot watch it. `peer` and `secure` are as the process that accepted the connection reports
// them. Core-bound.
[[nodiscard]] std::unique_ptr<Stream> make_handed_stream(loop::EventLoop& loop,
                                                         Descriptor descriptor, std::string peer,
                                                         bool secure);
// Returns two connected ends of a local stream, non-blocking. Error: `internal`. Any thread.
[[nodiscard]] Result<std::pair<Descriptor, Descriptor>> make_stream_pair();

}  // namespace sluice::net
