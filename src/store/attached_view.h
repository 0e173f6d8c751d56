// SPDX-License-Identifier: Apache-2.0
// AttachedView: a core's view of a namespace, as those see it that stand below it: the Chain that
// it follows, the journal, the TurnQueue.
#pragma once

#include <cstdint>

#include "loop/event_loop.h"
#include "store/store.h"

namespace sluice::store {

class AttachedView : public View {
 public:
  // Any thread.
  [[nodiscard]] virtual unsigned core_index() const = 0;
  [[nodiscard]] virtual loop::EventLoop& loop() const = 0;
  // The version that the view has reached.
  [[nodiscard]] virtual Version applied() const = 0;
  // The number of keys at about that version.
  [[nodiscard]] virtual std::uint64_t keys() const = 0;
  // Runs wait for the journal. True once for each time that they have said so.
  [[nodiscard]] virtual bool wants_news() = 0;
  // Asks an idle core to catch up, so that the chain behind it can be freed, and to make its own
  // what it shares with other replicas.
  virtual void nudge() = 0;
  // This ticket's turn has come. On the loop of the TurnQueue.
  virtual void grant_turn(std::uint64_t ticket) = 0;

  // The core's thread: the journal has written, or cannot.
  virtual void on_news() = 0;
};

}  // namespace sluice::store
