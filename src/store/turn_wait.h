// SPDX-License-Identifier: Apache-2.0
// TurnWait: a place in the queue for a turn; its destruction gives the place up. Lives in the frame
// of the waiting coroutine.
#pragma once

#include <cstdint>

#include "base/time.h"
#include "loop/event.h"

namespace sluice::store {

class ChainView;

class TurnWait {
 public:
  // `view` outlives it.
  explicit TurnWait(ChainView& view);
  TurnWait(const TurnWait&) = delete;
  TurnWait& operator=(const TurnWait&) = delete;
  ~TurnWait();

  // co_await: true when it is one's turn, or when the chain has ended (lost_); false at `deadline`.
  [[nodiscard]] loop::Event::Wait granted(TimePoint deadline) { return granted_.wait(deadline); }

 private:
  friend class ChainView;

  ChainView& view_;
  std::uint64_t ticket_;  // 0: the turn was granted, or lost
  bool lost_ = false;     // the chain has ended
  loop::Event granted_;
};

}  // namespace sluice::store
