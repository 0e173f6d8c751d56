// SPDX-License-Identifier: Apache-2.0
#include "loop/one_shot.h"

#include <gtest/gtest.h>

#include <string>

#include "loop/testing/run_to_completion.h"
#include "loop/testing/settle.h"

namespace sluice::loop {
namespace {

using namespace std::chrono_literals;

using Slot = std::shared_ptr<OneShot<std::string>::Slot>;

Task<void> receive(EventLoop& loop, Slot& slot, std::string& out,
                   TimePoint deadline = TimePoint::max()) {
  OneShot<std::string> shot(loop);
  slot = shot.slot();
  const bool there = co_await shot.wait(deadline);
  out += there ? shot.take() : "late";
}

TEST(OneShot, TheFirstValueCounts) {
  EventLoop loop;
  for (int round = 0; round < 2; ++round) {
    Slot slot;
    std::string out;
    Task<void> waiter = receive(loop, slot, out);
    waiter.start();
    slot->set("one");
    EXPECT_EQ(out, "one") << "from inside the call";
    slot->set("two");
    EXPECT_EQ(out, "one");
  }
}

TEST(OneShot, AValueThatIsThereAlreadyDoesNotSuspend) {
  EventLoop loop;
  const auto early = [](EventLoop& its_loop, std::string& out) -> Task<void> {
    OneShot<std::string> shot(its_loop);
    shot.slot()->set("early");
    (void)co_await shot.wait();
    out = shot.take();
  };
  std::string out;
  Task<void> waiter = early(loop, out);
  waiter.start();
  EXPECT_EQ(out, "early");
}

TEST(OneShot, ACallbackThatComesTooLateFindsNobody) {
  EventLoop loop;
  Slot slot;
  std::string out;
  run_to_completion(loop, receive(loop, slot, out, Clock::now() + 1ms));
  EXPECT_EQ(out, "late");
  slot->set("one");
  Task<void> doomed = receive(loop, slot, out);
  doomed.start();
  doomed.reset();
  slot->set("two");
  testing::settle(loop);
  EXPECT_EQ(out, "late");
}

}  // namespace
}  // namespace sluice::loop
