// SPDX-License-Identifier: Apache-2.0
#include "loop/poller.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <vector>

#include "loop/event_loop.h"

namespace sluice::loop {
namespace {

// One end is watched, the test holds the other.
class Wire : public Poller::Watcher {
 public:
  Wire(EventLoop& loop, std::function<void(Wire&)> told) : loop_(loop), told_(std::move(told)) {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    watched_ = ends[0];
    other_ = ends[1];
    EXPECT_TRUE(loop_.poller().add(watched_, *this));
  }
  ~Wire() override { hang_up(), remove(); }
  Wire(const Wire&) = delete;

  void on_change(Poller::Change change) override {
    if (!change.readable) return;
    hung_up |= change.hung_up;
    ++times;
    told_(*this);
  }
  void send() const { EXPECT_EQ(::write(other_, "x", 1), 1); }
  void hang_up() {
    if (other_ >= 0) ::close(std::exchange(other_, -1));
  }
  void remove() {
    if (watched_ < 0) return;
    loop_.poller().remove(watched_, *this);
    ::close(std::exchange(watched_, -1));
  }
  void tell_again() { loop_.poller().tell_again(watched_, *this); }

  int times = 0;  // it was told that it is readable
  bool hung_up = false;

 private:
  EventLoop& loop_;
  std::function<void(Wire&)> told_;
  int watched_ = -1;
  int other_ = -1;
};

// Lets the loop do what is ready now, and what that makes ready.
Task<void> a_few_turns(EventLoop& loop) {
  for (int i = 0; i < 10; ++i) co_await loop.sleep_for(std::chrono::microseconds(100));
}

TEST(Poller, TellsOfChangesOnly) {
  EventLoop loop;
  Wire wire(loop, [](Wire&) {});
  run_to_completion(loop, a_few_turns(loop));
  EXPECT_EQ(wire.times, 0);
  wire.send();
  run_to_completion(loop, a_few_turns(loop));
  EXPECT_EQ(wire.times, 1);
  run_to_completion(loop, a_few_turns(loop));  // the byte is still there
  EXPECT_EQ(wire.times, 1);
  wire.tell_again();
  run_to_completion(loop, a_few_turns(loop));
  EXPECT_EQ(wire.times, 2);
  EXPECT_FALSE(wire.hung_up);
  wire.hang_up();
  run_to_completion(loop, a_few_turns(loop));
  EXPECT_EQ(wire.times, 3);
  EXPECT_TRUE(wire.hung_up);
}

TEST(Poller, TellsAllOfMoreThanABatch) {
  EventLoop loop;
  std::vector<std::unique_ptr<Wire>> wires;
  for (int i = 0; i < 200; ++i) {
    wires.push_back(std::make_unique<Wire>(loop, [](Wire&) {}));
    wires.back()->send();
  }
  run_to_completion(loop, a_few_turns(loop));
  for (const auto& wire : wires) EXPECT_EQ(wire->times, 1);
}

TEST(Poller, SaysNothingToThoseRemovedMeanwhile) {
  EventLoop loop;
  std::vector<std::unique_ptr<Wire>> wires;
  int told = 0;
  for (int i = 0; i < 20; ++i) {
    wires.push_back(std::make_unique<Wire>(loop, [&](Wire& self) {
      ++told;
      for (auto& wire : wires) {
        if (wire.get() != &self) wire.reset();
      }
      self.remove();
    }));
    wires.back()->send();
  }
  run_to_completion(loop, a_few_turns(loop));
  EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace sluice::loop
