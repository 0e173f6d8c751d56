// SPDX-License-Identifier: Apache-2.0
// Successor: the filter of a process that has handed over its work (a hot restart). It holds
// requests until the new process serves, and then hands each to it over a local stream of its own,
// as HTTP/1.1. No kind that an object may name.
#pragma once

#include <memory>

#include "base/published.h"
#include "net/descriptor_channel.h"
#include "pipeline/filter.h"

namespace sluice::filters {

// The way to the new process. Any thread.
class SuccessorGate {
 public:
  // From now on requests go out through `channel`.
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

// Filters of it have a field `server`: the HTTPServer whose requests they get.
[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_successor_kind(
    std::shared_ptr<const SuccessorGate> gate);

// What the message says that brings a stream to the new process.
struct HandedConnection {
  std::string server;
  std::string peer;  // address:port of the client
  bool secure = false;
  std::string admission;  // what its connection had to show; "": unknown
  void fields(auto& visit) {
    visit("server", server, {.required = true});
    visit("peer", peer, {});
    visit("secure", secure, {});
    visit("admission", admission, {});
  }
};

}  // namespace sluice::filters
