// SPDX-License-Identifier: Apache-2.0
#include "loop/blocking_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "loop/testing/run_to_completion.h"
#include "loop/testing/settle.h"

namespace sluice::loop {
namespace {

TEST(BlockingPool, ResumesOnTheLoopWithTheResult) {
  EventLoop loop;
  BlockingPool pool(2);
  const auto here = std::this_thread::get_id();
  std::thread::id there;
  const auto sum = run_to_completion(loop, pool.run(loop, [&there] {
    there = std::this_thread::get_id();
    return std::string("done");
  }));
  EXPECT_EQ(sum, "done");
  EXPECT_NE(there, here);
}

TEST(BlockingPool, PassesErrorsOn) {
  EventLoop loop;
  BlockingPool pool(1);
  const auto outcome = run_to_completion(loop, pool.run(loop, []() -> Result<int> {
    return fail(ErrorKind::not_found, "no such file");
  }));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, ErrorKind::not_found);
}

// Work that blocks until it is let go.
struct Gate {
  std::latch begun{1};
  std::latch open{1};
};

// Work that counts `ended` down once the gate is open.
auto work_behind(std::shared_ptr<Gate> gate, std::shared_ptr<std::latch> ended) {
  return [gate = std::move(gate), ended = std::move(ended)] {
    gate->begun.count_down();
    gate->open.wait();
    ended->count_down();
    return 1;
  };
}

TEST(BlockingPool, DestroyedTaskLeavesTheWorkAlone) {
  const auto gate = std::make_shared<Gate>();
  const auto ended = std::make_shared<std::latch>(1);
  BlockingPool pool(1);
  {
    EventLoop loop;
    auto task = pool.run(loop, work_behind(gate, ended));
    task.start();
    gate->begun.wait();
  }  // the Task ends, and then the loop, while the work runs
  gate->open.count_down();
  ended->wait();
  EventLoop other;  // the thread serves on
  EXPECT_EQ(run_to_completion(other, pool.run(other, [] { return 2; })), 2);
}

TEST(BlockingPool, TasksEndWhileTheirWorkEnds) {
  BlockingPool pool(4);
  for (int round = 0; round < 300; ++round) {
    EventLoop loop;
    std::vector<Task<Result<int>>> tasks;
    for (int i = 0; i < 8; ++i) {
      tasks.push_back(pool.run(loop, [i] { return i; }));
      tasks.back().start();
    }
    if (round % 2 == 0) testing::settle(loop);
  }
}

TEST(BlockingPool, WorkOfADestroyedTaskIsNotBegun) {
  const auto gate = std::make_shared<Gate>();
  BlockingPool pool(1);
  EventLoop loop;
  auto first = pool.run(loop, [gate] {
    gate->begun.count_down();
    gate->open.wait();
    return 1;
  });
  first.start();
  gate->begun.wait();
  std::atomic<bool> begun{false};
  auto second = pool.run(loop, [&begun] {
    begun = true;
    return 2;
  });
  second.start();
  second.reset();
  gate->open.count_down();
  EXPECT_EQ(run_to_completion(loop, pool.run(loop, [] { return 3; })), 3);
  EXPECT_FALSE(begun);
}

TEST(BlockingPool, QueueIsBounded) {
  const auto gate = std::make_shared<Gate>();
  BlockingPool pool(1);
  EventLoop loop;
  std::vector<Task<Result<int>>> tasks;
  const auto give = [&] {
    tasks.push_back(pool.run(loop, [gate] {
      gate->open.wait();
      return 1;
    }));
    tasks.back().start();
  };
  auto blocker = pool.run(loop, [gate] {
    gate->begun.count_down();
    gate->open.wait();
    return 1;
  });
  blocker.start();
  gate->begun.wait();
  for (std::size_t i = 0; i < BlockingPool::kQueueMax; ++i) give();
  EXPECT_EQ(pool.refused(), 0U);
  give();
  ASSERT_TRUE(tasks.back().done());
  EXPECT_EQ(tasks.back().take().error().kind, ErrorKind::unavailable);
  EXPECT_EQ(pool.refused(), 1U);
  gate->open.count_down();
}

TEST(BlockingPool, LeavesWorkBehind) {
  const auto gate = std::make_shared<Gate>();
  const auto ended = std::make_shared<std::latch>(1);
  {
    EventLoop loop;
    BlockingPool pool(1, BlockingPool::AtEnd::leave);
    auto task = pool.run(loop, work_behind(gate, ended));
    task.start();
    gate->begun.wait();
  }
  gate->open.count_down();
  ended->wait();
}

TEST(BlockingPool, EndsWithWorkThatWaits) {
  const auto gate = std::make_shared<Gate>();
  EventLoop loop;
  std::vector<Task<Result<int>>> tasks;
  {
    BlockingPool pool(1);
    for (int i = 0; i < 3; ++i) {
      tasks.push_back(pool.run(loop, [gate] {
        if (!gate->begun.try_wait()) gate->begun.count_down();
        gate->open.wait();
        return 1;
      }));
      tasks.back().start();
    }
    gate->begun.wait();
    gate->open.count_down();
  }
  testing::settle(loop);
}

}  // namespace
}  // namespace sluice::loop
