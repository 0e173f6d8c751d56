// SPDX-License-Identifier: Apache-2.0
// Successor: the filter of a process that has handed over its work in a hot restart. The filter
// holds each request until the new process serves, then passes it to that process as HTTP/1.1 over
// a local stream of its own. The spec of an object cannot name this kind.
#pragma once

#include <memory>

#include "base/published.h"
#include "net/descriptor_channel.h"
#include "pipeline/filter.h"

namespace sluice::filters {

// The channel to the new process. Any thread.
class SuccessorGate {
 public:
  // From now on, requests go out through `channel`.
  void open(std::shared_ptr<const net::DescriptorChannel> channel) {
    channel_.store(std::move(channel));
  }
  // Null until the new process serves.
  [[nodiscard]] std::shared_ptr<const net::DescriptorChannel> channel() const {
    return channel_.load();
  }

 private:
  Published<net::DescriptorChannel> channel_;
};

inline constexpr std::string_view kSuccessorKind = "Successor";

// A filter of this kind has a field `server`: the HTTPServer whose requests the filter gets.
[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_successor_kind(
    std::shared_ptr<const SuccessorGate> gate);

// The message that accompanies a stream to the new process.
struct HandedConnection {
  std::string server;
  std::string peer;  // address:port of the client
  bool secure = false;
  std::string admission;  // the proofs that the connection had to show; "": unknown
  void fields(auto& visit) {
    visit("server", server, {.required = true});
    visit("peer", peer, {});
    visit("secure", secure, {});
    visit("admission", admission, {});
  }
};

}  // namespace sluice::filters
