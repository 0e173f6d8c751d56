// SPDX-License-Identifier: Apache-2.0
#include "etcd/watch_events.h"

#include <utility>

namespace sluice::etcd {

void WatchEvents::add(pb::WatchResponse response) {
  auto& events = *pending_.mutable_events();
  for (pb::Event& event : *response.mutable_events()) {
    const std::int64_t revision = event.kv().mod_revision();
    if (revision < from_) continue;
    const bool first = !events.empty() && events.rbegin()->kv().mod_revision() != revision;
    if (first) {
      boundary_ = events.size();
      boundary_bytes_ = bytes_;
    }
    bytes_ += event.ByteSizeLong();
    *events.Add() = std::move(event);
  }
  response.clear_events();
  const bool whole = !response.fragment();
  response.set_fragment(false);
  *pending_.mutable_header() = std::move(*response.mutable_header());
  pending_.set_watch_id(response.watch_id());
  if (whole) {
    ready_ = events.size();
    return;
  }
  if (bytes_ > bounds_.part_bytes) ready_ = boundary_;
  too_large_ = bytes_ - boundary_bytes_ > bounds_.revision_bytes_max;
}

pb::WatchResponse WatchEvents::take() {
  pb::WatchResponse part;
  *part.mutable_header() = pending_.header();
  part.set_watch_id(pending_.watch_id());
  auto& events = *pending_.mutable_events();
  const bool all = ready_ == events.size();
  if (all) {
    part.mutable_events()->Swap(&events);
    bytes_ = 0;
  } else {
    for (int i = 0; i < ready_; ++i) *part.add_events() = std::move(*events.Mutable(i));
    events.DeleteSubrange(0, ready_);
    bytes_ -= boundary_bytes_;
  }
  boundary_ = 0;
  boundary_bytes_ = 0;
  ready_ = 0;
  from_ = part.events().rbegin()->kv().mod_revision() + 1;
  return part;
}

}  // namespace sluice::etcd
