// SPDX-License-Identifier: Apache-2.0
#include "backend/connection_gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "backend/testing/client_fixture.h"
#include "loop/testing/run_to_completion.h"
#include "loop/testing/settle.h"

namespace sluice::backend {
namespace {

TEST(ConnectionGate, LetsInAsManyAsAllowed) {
  loop::EventLoop loop;
  const loop::Core core{loop, 0, 1};
  const auto gate = std::make_shared<ConnectionGate>(1);
  gate->set_limits(2, 1);
  auto first = gate->try_pass(core);
  auto second = gate->try_pass(core);
  EXPECT_TRUE(first && second);
  EXPECT_FALSE(gate->try_pass(core));
  first.reset();
  EXPECT_TRUE(gate->try_pass(core));
}

TEST(ConnectionGate, TheQueueIsBounded) {
  loop::EventLoop loop;
  const loop::Core core{loop, 0, 1};
  const auto gate = std::make_shared<ConnectionGate>(1);
  gate->set_limits(1, 1);
  {
    const ConnectionGate::QueueEntry entry(*gate, core);
    EXPECT_FALSE(entry.refused());
    EXPECT_TRUE(ConnectionGate::QueueEntry(*gate, core).refused());
    EXPECT_EQ(gate->queued(), 1U);
  }
  EXPECT_EQ(gate->queued(), 0U);
  EXPECT_FALSE(gate->has_queue(0));
}

// The cores of these tests share a loop: their messages come in the order in which they were sent.
Task<void> wait_in(ConnectionGate::QueueEntry& entry, bool& woken) {
  woken = co_await entry.wait(Clock::now() + std::chrono::hours(1));
}

TEST(ConnectionGate, AWaiterThatHasLeftIsNotWaitedFor) {
  loop::EventLoop loop;
  const loop::Core core{loop, 0, 2};
  const loop::Core other{loop, 1, 2};
  const auto gate = std::make_shared<ConnectionGate>(2);
  for (int round = 0; round < 2; ++round) {
    const ConnectionGate::QueueEntry entry(*gate, other);
    EXPECT_TRUE(gate->others_wait(core.index));
    EXPECT_FALSE(gate->others_wait(other.index));
  }
  const ConnectionGate::QueueEntry own(*gate, core);
  EXPECT_FALSE(gate->others_wait(core.index));
}

TEST(ConnectionGate, AWakeUpOfAWaiterThatHasLeftGoesToTheNextCore) {
  loop::EventLoop loop;
  const loop::Core core{loop, 0, 3};
  const loop::Core leaves{loop, 1, 3};
  const loop::Core stays{loop, 2, 3};
  const auto gate = std::make_shared<ConnectionGate>(3);
  gate->set_limits(1, 10);
  auto pass = gate->try_pass(core);
  std::optional<ConnectionGate::QueueEntry> left(std::in_place, *gate, leaves);
  ConnectionGate::QueueEntry waiting(*gate, stays);
  bool woken = false;
  Task<void> wait = wait_in(waiting, woken);
  wait.start();
  pass.reset();  // its message is on the way to the first core that waits
  left.reset();
  loop::testing::settle(loop);
  EXPECT_TRUE(woken);
}

// Cores that share one connection: each holds it for a moment, many times.
Task<void> take_turns(ConnectionGate& gate, const loop::Core& core, int turns,
                      std::atomic<int>& inside, std::atomic<int>& most) {
  for (int i = 0; i < turns; ++i) {
    std::optional<ConnectionGate::Pass> pass = gate.try_pass(core);
    if (!pass) {
      ConnectionGate::QueueEntry entry(gate, core);
      bool woken = true;
      pass = gate.try_pass(core);
      while (!pass && woken) {
        woken = co_await entry.wait(Clock::now() + std::chrono::seconds(60));
        pass = gate.try_pass(core);
      }
    }
    EXPECT_TRUE(pass) << "nobody was told";
    if (!pass) co_return;
    most = std::max<int>(most, ++inside);
    co_await core.loop.yield();
    --inside;
  }
}

TEST(ConnectionGate, CoresWakeOneAnother) {
  constexpr unsigned kCores = 4;
  const auto gate = std::make_shared<ConnectionGate>(kCores);
  gate->set_limits(1, 100);
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  std::vector<std::unique_ptr<loop::EventLoop>> loops;
  std::vector<std::thread> threads;
  std::atomic<unsigned> finished = 0;
  for (unsigned i = 0; i < kCores; ++i) loops.push_back(std::make_unique<loop::EventLoop>());
  for (unsigned i = 0; i < kCores; ++i) {
    threads.emplace_back([&, i] {
      const loop::Core core{*loops[i], i, kCores};
      loop::run_to_completion(*loops[i], take_turns(*gate, core, 300, inside, most));
      ++finished;
      // Other cores may still post here, for connections released on this core.
      while (finished < kCores) std::this_thread::yield();
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(most, 1);
  EXPECT_EQ(gate->open(), 0U);
}

// A count that is above the maximum for a moment refuses whoever comes then, although a request may
// have left the queue meanwhile.
TEST(ConnectionGate, WhoIsRefusedIsNeverInTheCount) {
  const auto gate = std::make_shared<ConnectionGate>(2);
  gate->set_limits(1, 1);
  loop::EventLoop loop;
  const loop::Core first{loop, 0, 2};
  const ConnectionGate::QueueEntry entry(*gate, first);
  std::atomic<bool> done{false};
  std::thread refused([&] {
    loop::EventLoop own;
    const loop::Core core{own, 1, 2};
    for (int i = 0; i < 2'000'000; ++i)
      EXPECT_TRUE(ConnectionGate::QueueEntry(*gate, core).refused());
    done = true;
  });
  std::uint32_t most = 0;
  while (!done) most = std::max(most, gate->queued());
  refused.join();
  EXPECT_EQ(most, 1U);
}

class QueueTest : public ClientFixture {
 protected:
  // Runs two exchanges at a time, and returns the outcome of both.
  std::pair<std::string, std::string> both() {
    std::pair<std::string, std::string> outcomes;
    loop::run_to_completion(loop_, [](QueueTest& self, auto& out) -> Task<void> {
      self.loop_.spawn(run(self, out.first));
      self.loop_.spawn(run(self, out.second));
      bool more = true;
      while (more) {
        co_await self.loop_.yield();
        more = out.first.empty() || out.second.empty();
      }
    }(*this, outcomes));
    return outcomes;
  }
  static Task<void> run(QueueTest& self, std::string& out) {
    http::Request request;
    request.method = "GET";
    request.host = "shop";
    request.escaped_path = "/";
    http::Response response;
    const auto outcome = co_await self.client_->exchange(self.call_, request, response);
    out = outcome ? std::string(response.body.bytes()) : outcome.error().error.message;
  }
};

TEST_F(QueueTest, TheSecondWaitsForTheConnectionOfTheFirst) {
  serve({answer_all});
  state_->gate->set_limits(1, 10);
  EXPECT_EQ(both(), std::pair(std::string("hello"), std::string("hello")));
  EXPECT_EQ(server_->connections(), 1U);
}

TEST_F(QueueTest, ConnectionsThatEndMakeRoom) {
  serve({[](Peer& peer) -> Task<void> {
    co_await peer.head();
    co_await peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello");
  }});
  state_->gate->set_limits(1, 10);
  EXPECT_EQ(both(), std::pair(std::string("hello"), std::string("hello")));
  EXPECT_EQ(server_->connections(), 2U);
}

// The other core shares the loop of the first.
TEST_F(QueueTest, AnotherCoreThatWaitsGetsTheIdleConnection) {
  serve({answer_all});
  state_ = std::make_shared<ServerState>(2);
  make_client();
  state_->gate->set_limits(1, 10);
  const loop::Core other{loop_, 1, 2};
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(outcome(), "200 hello");
    EXPECT_EQ(client_->idle(), 1U);
    const ConnectionGate::QueueEntry entry(*state_->gate, other);
    loop::testing::settle(loop_);
    EXPECT_EQ(client_->idle(), 0U);
    EXPECT_EQ(state_->gate->open(), 0U);
  }
  const ConnectionGate::QueueEntry entry(*state_->gate, other);
  EXPECT_EQ(outcome(), "200 hello");
  EXPECT_EQ(client_->idle(), 0U);  // the core that waits needs the place of this connection
  EXPECT_EQ(state_->gate->open(), 0U);
}

TEST_F(QueueTest, AsManyConnectionsStayIdleAsAreAllowed) {
  serve({answer_all});
  ClientOptions options;
  options.idle.max = 1;
  make_client(options);
  EXPECT_EQ(both(), std::pair(std::string("hello"), std::string("hello")));
  EXPECT_EQ(server_->connections(), 2U);
  EXPECT_EQ(client_->idle(), 1U);
  EXPECT_EQ(state_->gate->open(), 1U);

  options.idle = {.per_server_max = 1};
  make_client(options);
  EXPECT_EQ(both(), std::pair(std::string("hello"), std::string("hello")));
  EXPECT_EQ(client_->idle(), 1U);
}

TEST_F(QueueTest, FullOrTooSlow) {
  serve({[](Peer& peer) -> Task<void> {
    co_await peer.head();
    co_await peer.loop.sleep_for(std::chrono::milliseconds(50));
    co_await peer.send(kHello);
    co_await peer.head();
  }});
  state_->gate->set_limits(1, 0);
  EXPECT_EQ(both().second, "the queue for a connection is full");
  state_->gate->set_limits(1, 1);
  ClientOptions options;
  options.queue_timeout = std::chrono::milliseconds(5);
  make_client(options);
  EXPECT_EQ(both().second, "waited too long for a free connection");
}

}  // namespace
}  // namespace sluice::backend
