// SPDX-License-Identifier: Apache-2.0
// Inside etcd/: joins the responses of a watch to answers of whole revisions. etcd cuts a response
// with `fragment`, anywhere between two events. Core-bound.
#pragma once

#include <etcd/rpc.pb.h>

#include <cstddef>
#include <cstdint>

namespace sluice::etcd {

struct WatchBounds {
  std::size_t part_bytes;          // a longer answer is delivered in parts
  std::size_t revision_bytes_max;  // of the events of one revision
};

class WatchEvents {
 public:
  // `from`: events of earlier revisions are dropped.
  WatchEvents(std::int64_t from, WatchBounds bounds) : from_(from), bounds_(bounds) {}

  // Takes a response with events, which may be a fragment.
  void add(pb::WatchResponse response);
  // True if take() has events.
  [[nodiscard]] bool ready() const { return ready_ > 0; }
  // Returns whole revisions; the next event has a later one. Requires: ready().
  [[nodiscard]] pb::WatchResponse take();
  // True if a revision exceeds its bound. Nothing follows.
  [[nodiscard]] bool too_large() const { return too_large_; }

 private:
  std::int64_t from_;
  const WatchBounds bounds_;
  pb::WatchResponse pending_;
  std::size_t bytes_ = 0;           // of pending_
  int boundary_ = 0;                // the first event of the last revision in pending_
  std::size_t boundary_bytes_ = 0;  // of the events before it
  int ready_ = 0;                   // events that may be taken
  bool too_large_ = false;
};

}  // namespace sluice::etcd
