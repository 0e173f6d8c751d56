// SPDX-License-Identifier: Apache-2.0
#include "wasm/pool.h"

#include <functional>
#include <optional>
#include <thread>

#include "loop/join.h"
#include "loop/testing/run_to_completion.h"
#include "wasm/testing/test_guests.h"

namespace sluice::wasm {
namespace {

using namespace std::chrono_literals;
using testing::guest;
using testing::World;

class PoolTest : public ::testing::Test {
 protected:
  void make(unsigned size, unsigned ready) {
    std::vector<std::unique_ptr<Instance>> instances;
    for (unsigned i = 0; i < ready; ++i) instances.push_back(world_.must(guest("(i32.const 0)")));
    pool_.emplace(
        loop_, size, std::move(instances), [this] { return create(); },
        [this](const Result<void>& made, bool) { failures_ += made ? 0 : 1; });
  }
  Task<Result<std::unique_ptr<Instance>>> create() {
    if (broken_) co_return fail(ErrorKind::invalid, "broken");
    co_return world_.must(guest("(i32.const 0)"));
  }
  Pool::Lease take(Duration limit = 0ms) {
    return loop::run_to_completion(loop_, take_task(limit));
  }
  Task<Pool::Lease> take_task(Duration limit) {
    co_return co_await pool_->acquire(Clock::now() + limit);
  }
  // Waits for a task that was started.
  Task<Pool::Lease> outcome(Task<Pool::Lease>& task) {
    co_await loop::Join(task);
    co_return task.take();
  }

  World world_;
  loop::EventLoop loop_;
  bool broken_ = false;
  int failures_ = 0;
  std::optional<Pool> pool_;
};

TEST_F(PoolTest, LendsAndTakesBack) {
  make(1, 1);
  {
    const Pool::Lease lease = take();
    EXPECT_TRUE(lease);
    EXPECT_FALSE(take(1ms));
  }
  EXPECT_TRUE(take());
}

TEST_F(PoolTest, ReplacesTheDeadAtOnce) {
  make(2, 2);
  for (std::uint64_t i = 1; i <= 10; ++i) {
    take()->kill();
    EXPECT_EQ(pool_->counts().alive, 2u);
    EXPECT_EQ(pool_->counts().created, i);
  }
}

TEST_F(PoolTest, WaitersAreServedInOrder) {
  make(1, 1);
  std::string order;
  const auto waiter = [&](char name) -> Task<void> {
    const Pool::Lease lease = co_await pool_->acquire(Clock::now() + 600s);
    order += name;
    co_await loop_.yield();
    if (order.size() == 3) loop_.stop();
  };
  loop_.spawn(waiter('a'));
  loop_.spawn(waiter('b'));
  loop_.spawn(waiter('c'));
  EXPECT_EQ(pool_->counts().waiting, 2u);
  loop_.run();
  EXPECT_EQ(order, "abc");
}

TEST_F(PoolTest, PrecedenceGoesBeforeTheOthers) {
  make(1, 1);
  std::string order;
  const auto waiter = [&](char name, bool precedence) -> Task<void> {
    const Pool::Lease lease = co_await pool_->acquire(Clock::now() + 600s, precedence);
    order += name;
    co_await loop_.yield();
    if (order.size() == 4) loop_.stop();
  };
  loop_.spawn(waiter('a', false));
  loop_.spawn(waiter('b', false));
  loop_.spawn(waiter('c', true));
  loop_.spawn(waiter('d', true));
  EXPECT_EQ(pool_->counts().waiting, 3u);
  loop_.run();
  EXPECT_EQ(order, "acdb");
}

// Serving the first would leave each only the rest of his time with the guest.
TEST_F(PoolTest, InAQueueThatStandsTheLastIsServedFirst) {
  make(1, 1);
  Pool::Lease lease = take();
  Task<Pool::Lease> first = take_task(40ms);
  first.start();
  Task<Pool::Lease> last = take_task(60s);
  last.start();
  std::this_thread::sleep_for(25ms);
  lease.give_back();
  EXPECT_TRUE(loop::run_to_completion(loop_, outcome(last)));
}

TEST_F(PoolTest, AWaiterThatLeavesLosesNothing) {
  make(1, 1);
  {
    Pool::Lease lease = take();
    Task<Pool::Lease> queued = take_task(1s);
    queued.start();
    Task<Pool::Lease> granted = take_task(1s);
    granted.start();
    queued.reset();
    lease.give_back();  // to `granted`, which is destroyed before it hears of it
  }
  EXPECT_EQ(pool_->counts().waiting, 0u);
  EXPECT_TRUE(take());
}

TEST_F(PoolTest, BacksOffWhileNoneCanBeMadeAndThenMakesAll) {
  broken_ = true;
  make(3, 1);
  take()->kill();
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(take(1s));
  EXPECT_GE(failures_, 1);
  EXPECT_LT(failures_, 10);
  broken_ = false;
  const auto until_full = [this]() -> Task<void> {
    while (pool_->counts().alive < 3) {
      co_await loop_.sleep_for(1ms);
    }
  };
  loop::run_to_completion(loop_, until_full());
  EXPECT_TRUE(take());
}

// The pause is long after many failures, and short again after a success.
TEST_F(PoolTest, ASuccessEndsTheBackOff) {
  const auto until = [this](std::function<bool()> holds) -> Task<void> {
    while (!holds()) {
      co_await loop_.sleep_for(1ms);
    }
  };
  make(1, 1);
  broken_ = true;
  take()->kill();
  loop::run_to_completion(loop_, until([&] { return failures_ == 6; }));  // pauses of 10 to 160 ms
  broken_ = false;
  loop::run_to_completion(loop_, until([&] { return pool_->counts().alive == 1; }));
  broken_ = true;
  take()->kill();
  EXPECT_EQ(failures_, 7);
  const auto wait = [this]() -> Task<void> { co_await loop_.sleep_for(300ms); };
  loop::run_to_completion(loop_, wait());
  EXPECT_GT(failures_, 7) << "the next try comes after 10 ms";
}

TEST_F(PoolTest, MakesTheOthersByAndByAndCountsNoneAsAReplacement) {
  make(20, 1);
  EXPECT_TRUE(take()) << "the first is there at once";
  EXPECT_EQ(pool_->counts().alive, 1u);
  const auto until_full = [this]() -> Task<void> {
    while (pool_->counts().alive < 20) {
      co_await loop_.yield();
    }
  };
  loop::run_to_completion(loop_, until_full());
  EXPECT_EQ(pool_->counts().created, 0u);
  take()->kill();
  EXPECT_EQ(pool_->counts().alive, 20u);
  EXPECT_EQ(pool_->counts().created, 1u);
}

TEST_F(PoolTest, TheDeathOfTheOnlyOneIsNoFailureWhileOthersAreToCome) {
  make(20, 1);
  take()->kill();
  EXPECT_TRUE(take(1s));
}

TEST_F(PoolTest, ARetiredOneGivesUpWhatNobodyNeeds) {
  make(5, 5);
  {
    const Pool::Lease one = take();
    const Pool::Lease two = take();
    pool_->retire();
    EXPECT_EQ(pool_->counts().alive, 2u) << "those on loan";
  }
  EXPECT_EQ(pool_->counts().alive, 1u);
  EXPECT_TRUE(take()) << "late ones are served";
}

TEST_F(PoolTest, ADeadInstanceIsReplacedForTheOneWhoWaits) {
  make(1, 1);
  Pool::Lease lease = take();
  Task<Pool::Lease> queued = take_task(5s);
  queued.start();
  EXPECT_FALSE(queued.done());
  lease->kill();
  lease.give_back();
  EXPECT_TRUE(loop::run_to_completion(loop_, outcome(queued)));
}

// Its client has left: nobody wants the rest of the run, and nobody else may get what it left.
TEST_F(PoolTest, OneThatIsGivenBackInTheMiddleOfARunIsReplaced) {
  std::vector<std::unique_ptr<Instance>> instances;
  instances.push_back(world_.must(guest("(loop $l (br $l)) (i32.const 0)")));
  pool_.emplace(
      loop_, 1, std::move(instances), [this] { return create(); },
      [](const Result<void>&, bool) {});
  {
    Pool::Lease lease = take();
    lease->start(testing::kRun);
    EXPECT_FALSE(lease->poll());
  }
  EXPECT_EQ(pool_->counts().created, 1U);
  EXPECT_EQ(pool_->counts().alive, 1U);
  Pool::Lease next = take();
  ASSERT_TRUE(next);
  EXPECT_FALSE(next->busy());
  EXPECT_EQ(testing::run(*next).value_or(-1), 0);
}

}  // namespace
}  // namespace sluice::wasm
