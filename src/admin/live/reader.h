// SPDX-License-Identifier: Apache-2.0
// Reads the live picture as the body of a response, on the loop of the API. It waits for the next
// event without a thread.
#pragma once

#include <cstdint>
#include <memory>

#include "admin/caller_slots.h"
#include "admin/live/feed.h"
#include "http/body.h"
#include "loop/event_loop.h"

namespace sluice::admin {

// The event with which a stream begins, and its number.
struct LiveBegin {
  LiveFeed::Text text;
  std::uint64_t number;
};

// The body ends with the error `closed` if it is read too slowly. Requires: `loop` outlives it.
[[nodiscard]] std::unique_ptr<http::BodyReader> read_live(loop::EventLoop& loop,
                                                          std::shared_ptr<LiveFeed> feed,
                                                          std::shared_ptr<CallerSlots::Slot> slot,
                                                          LiveBegin begin);

}  // namespace sluice::admin
