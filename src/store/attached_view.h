// SPDX-License-Identifier: Apache-2.0
// AttachedView: a core's view of a namespace, as its Chain, the journal and the TurnQueue use it.
#pragma once

#include <cstdint>
#include <memory>

#include "loop/event_loop.h"
#include "store/store.h"

namespace sluice::store {

class Chain;

class AttachedView : public View {
 public:
  // Any thread.
  [[nodiscard]] virtual unsigned core_index() const = 0;
  [[nodiscard]] virtual loop::EventLoop& loop() const = 0;
  // The version that the view has reached.
  [[nodiscard]] virtual Version applied() const = 0;
  // The number of keys at about that version.
  [[nodiscard]] virtual std::uint64_t keys() const = 0;
  // True if runs wait for news of the journal. Clears that request, so each request yields true
  // once.
  [[nodiscard]] virtual bool wants_news() = 0;
  // Asks an idle core to catch up, so that the chain behind it can be freed, and to copy the
  // segments that its replica shares with others.
  virtual void nudge() = 0;
  // Grants the turn to this ticket. On the loop of the TurnQueue.
  virtual void grant_turn(std::uint64_t ticket) = 0;
  // Any thread: the chain has ended. The core tells the runs that wait.
  virtual void on_end() = 0;
  // Any thread: the core moves the view to `chain`, in the order of these calls.
  virtual void move_to(std::shared_ptr<Chain> chain) = 0;

  // The core's thread: the journal has written or has failed.
  virtual void on_news() = 0;
};

}  // namespace sluice::store
