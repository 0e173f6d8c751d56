// SPDX-License-Identifier: Apache-2.0
// Histories of three members on a real etcd, with the real filters and what hands exchanges over,
// under faults: strict serializability in real time, each effect at most once, told means stored.
//
//   SLUICE_HISTORIES=1000   so many seeds
//   SLUICE_SEED=7           the first; the same seed makes the same faults and programs, but not
//   the
//                           same interleaving
//   SLUICE_HISTORY_FILE=…   where a history that is wrong is written
//   SLUICE_HISTORY_PROGRESS tells each seed
#include <gtest/gtest.h>

#include <functional>
#include <iostream>

#include "filters/wasm_host/testing/history_trouble.h"

namespace sluice::filters {
namespace {

using namespace std::chrono_literals;
using testing::GuestProgram;
using testing::HistoryCluster;
using testing::HistoryPlan;
using testing::HistoryTrouble;
using testing::Operation;

class ClusterHistory : public ::testing::Test {
 protected:
  // "" or the fault.
  std::string play(const HistoryPlan& plan) {
    HistoryCluster cluster(cores_, *engine_, plan);
    if (auto trouble = cluster.start_all(); !trouble.empty()) return "cannot begin: " + trouble;
    HistoryTrouble trouble(cluster);
    cluster.play();
    trouble.make();
    if (auto reason = trouble.mend(); !reason.empty()) return "cannot begin again: " + reason;
    cluster.stop_playing();
    cluster.deliver_all();
    std::string fault = cluster.play_last();
    cluster.deliver_all();
    const std::string judged = cluster.judge();
    if (!judged.empty()) fault = judged;
    told_ += cluster.told();
    full_ += cluster.full();
    seals_ += cluster.auditor().seals();
    written_ += cluster.written();
    unknown_ += cluster.unknown_written();
    return fault;
  }

  // Without a safeguard, it may never come.
  static bool comes(const std::function<bool()>& condition) {
    const TimePoint end = Clock::now() + 30s;
    while (!condition()) {
      if (Clock::now() > end) return false;
      std::this_thread::sleep_for(1ms);
    }
    return true;
  }

  store::TestCores cores_{1};
  const std::unique_ptr<wasm::Engine> engine_ =
      *wasm::Engine::create({.guests_max = 400, .accept_text = true});
  std::size_t told_ = 0;
  std::size_t full_ = 0;
  std::size_t seals_ = 0;
  std::size_t written_ = 0;
  std::size_t unknown_ = 0;
};

TEST_F(ClusterHistory, WithoutFaultsEveryProgramIsAnswered) {
  EXPECT_EQ(play(HistoryPlan::calm(1)), "");
  EXPECT_GT(told_, 20U);
  EXPECT_GT(written_, 10U);
}

TEST_F(ClusterHistory, WithoutFaultsASaleEndsAtItsLimit) {
  HistoryPlan plan = HistoryPlan::calm(1);
  plan.limit = 3;
  plan.permit = 100ms;
  plan.quiet = 5ms;
  EXPECT_EQ(play(plan), "");
  EXPECT_GE(written_, 3U);
  EXPECT_GT(full_, 0U);
}

GuestProgram writing(const std::string& name) { return {name, {{Operation::add, "k1"}}}; }
GuestProgram reading(const std::string& name) { return {name, {{Operation::get, "k1"}}}; }

// An owner that stands still, and that others take for dead. Requests go on to come to it.
class PausedOwner : public ClusterHistory {
 protected:
  ~PausedOwner() override { end_reading(); }
  void start(Duration permit, std::size_t small_bulk_max = 1000) {
    HistoryPlan plan = HistoryPlan::calm(1);
    plan.permit = permit;
    plan.small_bulk_max = small_bulk_max;
    cluster_.emplace(cores_, *engine_, plan);
    ASSERT_EQ(cluster_->start_all(), "");
    ASSERT_TRUE(cluster_->ask(0, writing("first")));
    paused_ = cluster_->owner();
    ASSERT_LT(paused_, HistoryCluster::kMembers);
    faults_ = cluster_->member(paused_).faults();
    ASSERT_TRUE(cluster_->ask(paused_, writing("second")));    // so it has a permit
    for (unsigned i = 0; i < HistoryCluster::kMembers; ++i) {  // and the replicas have that
      ASSERT_TRUE(cluster_->ask(i, reading("at " + HistoryCluster::name_of(i))));
    }
  }
  // Another member than the paused one.
  unsigned other(unsigned number) const { return (paused_ + number) % HistoryCluster::kMembers; }
  void end_lease() { cluster_->auditor().end_lease_of(HistoryCluster::name_of(paused_)); }
  // Reads at the paused member all the time; each client leaves soon.
  void begin_reading() {
    reader_ = std::thread([this] {
      for (int i = 0; !stop_; ++i)
        (void)cluster_->ask(paused_, reading("read" + std::to_string(i)), 30ms);
    });
  }
  // Another member takes the data and writes, while the paused one is read.
  void stall_while_another_writes() {
    faults_->stall();
    end_lease();
    begin_reading();
    EXPECT_TRUE(cluster_->ask(other(1), writing("third")));
  }
  // The paused one has sent a group and learns nothing of it; then another member takes and writes.
  auto start_with_a_group_under_way() {
    start(60ms);
    faults_->stall_answers();
    faults_->hold_watches();
    auto under_way = cluster_->begin(paused_, writing("under way"), 5s);
    std::this_thread::sleep_for(20ms);
    end_lease();
    EXPECT_TRUE(cluster_->ask(other(1), writing("third")));
    return under_way;
  }
  void hold_answers(const std::string& name) {
    cores_.on(0, [&] { cluster_->roads().hold_answers(name); });
  }
  void release_answers(const std::string& name) {
    cores_.on(0, [&] { cluster_->roads().release_answers(name); });
  }
  void end_reading() {
    if (reader_.joinable()) std::this_thread::sleep_for(20ms);
    stop_ = true;
    if (reader_.joinable()) reader_.join();
  }
  std::string end() {
    end_reading();
    faults_->go_on();
    faults_->release_watches();
    const std::string dead = cluster_->play_last();
    const std::string fault = cluster_->judge();
    return fault.empty() ? dead : fault;
  }

  std::optional<HistoryCluster> cluster_;
  unsigned paused_ = 0;
  std::shared_ptr<store::KvFaults> faults_;
  std::atomic<bool> stop_ = false;
  std::thread reader_;
};

TEST_F(PausedOwner, AnswersNothingOld) {
  start(100ms);
  stall_while_another_writes();
  EXPECT_EQ(end(), "");
}

// The taker waits for permits that it does not know.
TEST_F(PausedOwner, MayReadUntilItsPermitEnds) {
  start(600ms);
  stall_while_another_writes();
  EXPECT_EQ(end(), "");
}

// Etcd's answer comes when others have written, before the news of that.
TEST_F(PausedOwner, CountsItsPermitFromTheSending) {
  auto under_way = start_with_a_group_under_way();
  begin_reading();
  faults_->go_on();
  EXPECT_EQ(end(), "");
  (void)under_way.get();
}

// A read of what becomes durable needs a permit, too.
TEST_F(PausedOwner, DoesNotTellWhatIsDurableButOld) {
  auto under_way = start_with_a_group_under_way();
  auto read = cluster_->begin(paused_, reading("joins the group"), 200ms);
  std::this_thread::sleep_for(5ms);
  faults_->go_on();
  (void)read.get();
  EXPECT_EQ(end(), "");
  (void)under_way.get();
}

// A taker that gives up before its own wait is over does not spare the next taker the wait.
TEST_F(PausedOwner, MayReadThoughItsSuccessorGivesUp) {
  start(600ms);
  faults_->stall();
  end_lease();
  begin_reading();
  const auto taken = [&] { return cluster_->owner() < HistoryCluster::kMembers; };
  ASSERT_TRUE(comes([&] { return taken() && cluster_->owner() != paused_; }));
  const unsigned second = cluster_->owner();
  const unsigned third = second == other(1) ? other(2) : other(1);
  EXPECT_TRUE(cluster_->member(second).store()->move(testing::HistoryMember::kNs,
                                                     HistoryCluster::name_of(third)));
  EXPECT_TRUE(cluster_->ask(third, writing("third")));
  EXPECT_EQ(end(), "");
}

// It is to give its data up while it answers from a permit, and a step of a large import keeps its
// journal busy. The next owner writes at once.
TEST_F(PausedOwner, StopsToAnswerBeforeItReleases) {
  start(1500ms, 0);
  const auto held = faults_->choose([](const testing::pb::TxnRequest& txn) {
    return store::is_step(txn) ? store::KvFault::silent : store::KvFault::none;
  });
  auto change = std::async(std::launch::async, [this] { return cluster_->change(paused_); });
  ASSERT_TRUE(comes([&] { return !faults_->patience().empty(); }));
  const std::string next = HistoryCluster::name_of(other(1));
  EXPECT_TRUE(cluster_->member(other(1)).store()->move(testing::HistoryMember::kNs, next));
  EXPECT_TRUE(cluster_->ask(other(1), writing("third")));
  begin_reading();
  end_reading();
  EXPECT_FALSE(change.get());
  EXPECT_EQ(end(), "");
}

// A member that has heard of nothing asks the old owner, which has heard of nothing either.
TEST_F(PausedOwner, AnswersNoQuestionWithoutAPermit) {
  start(60ms);
  const auto deaf = cluster_->member(other(2)).faults();
  deaf->hold_watches();
  faults_->hold_watches();
  faults_->stall();
  end_lease();
  EXPECT_TRUE(cluster_->ask(other(1), writing("third")));
  (void)cluster_->ask(other(2), reading("asks the old owner"), 100ms);
  deaf->release_watches();
  EXPECT_EQ(end(), "");
}

// One follower has seen a group before its owner knows that it is durable, another one has not.
TEST_F(PausedOwner, AnswersWhatItHasSent) {
  start(600ms);
  const auto deaf = cluster_->member(other(2)).faults();
  deaf->hold_watches();
  faults_->stall_answers();
  auto under_way = cluster_->begin(paused_, writing("under way"), 5s);
  std::this_thread::sleep_for(30ms);
  (void)cluster_->ask(other(1), reading("sees the group"), 100ms);
  (void)cluster_->ask(other(2), reading("sees it not"), 100ms);
  deaf->release_watches();
  EXPECT_EQ(end(), "");
  (void)under_way.get();
}

// Its last group has never come to etcd, and others have written since.
TEST_F(PausedOwner, DoesNotTellAGroupThatNeverCame) {
  start(60ms);
  std::atomic<int> copies = 0;
  auto lost = faults_->choose([&](const testing::pb::TxnRequest& txn) {
    if (!store::is_group(txn)) return store::KvFault::none;
    ++copies;
    return store::KvFault::lost;
  });
  auto under_way = cluster_->begin(paused_, writing("never comes"), 5s);
  ASSERT_TRUE(comes([&] { return copies > 0; }));
  faults_->stall();
  end_lease();
  EXPECT_TRUE(cluster_->ask(other(1), writing("third")));
  lost.end();
  faults_->go_on();
  (void)under_way.get();
  EXPECT_EQ(end(), "");
}

// A member that has not heard of a permit hands over, and the owner answers "you are in already".
// The next owner removes the permit, and lets the same exchange in. Then the old answer comes.
TEST_F(PausedOwner, IsNotHeardWhenAnotherOwnerHasTheExchange) {
  start(600ms);
  const GuestProgram permit{"permit", {{Operation::permit, "k9"}}};
  const unsigned deaf = other(2);
  cluster_->member(deaf).faults()->hold_watches();
  ASSERT_TRUE(cluster_->ask(paused_, permit));
  const std::string old = HistoryCluster::name_of(paused_);
  const std::string next = HistoryCluster::name_of(other(1));
  hold_answers(old);
  hold_answers(next);
  GuestProgram again = permit;
  again.name = "again";
  auto told = cluster_->begin(deaf, std::move(again), 20s);
  ASSERT_TRUE(comes([&] { return cluster_->roads().held() > 0; }));
  faults_->stall();
  end_lease();
  EXPECT_TRUE(cluster_->ask(other(1), writing("third")));
  EXPECT_TRUE(cluster_->change(other(1)));  // an import
  EXPECT_TRUE(cluster_->change(other(1)));  // clears all `k`
  cluster_->member(deaf).faults()->release_watches();
  while (cluster_->roads().held() < 2 && told.wait_for(1ms) != std::future_status::ready) {
  }
  release_answers(old);
  std::this_thread::sleep_for(20ms);
  release_answers(next);
  (void)told.get();
  EXPECT_EQ(end(), "");
}

// A sale for two. A follower that hears nothing of it any more may have the owner's word.
class SealedSale : public ClusterHistory {
 protected:
  void start(Duration permit) {
    HistoryPlan plan = HistoryPlan::calm(1);
    plan.limit = 2;
    plan.quiet = 5ms;
    plan.permit = permit;
    cluster_.emplace(cores_, *engine_, plan);
    ASSERT_EQ(cluster_->start_all(), "");
    ASSERT_TRUE(cluster_->ask(0, entering("first", "p10")));
    owner_ = cluster_->owner();
    ASSERT_LT(owner_, HistoryCluster::kMembers);
    follower_ = (owner_ + 1) % HistoryCluster::kMembers;
    ASSERT_TRUE(cluster_->ask(follower_, reading("at the follower")));
  }
  static GuestProgram entering(const std::string& name, const std::string& user) {
    return {name, {{Operation::enter, user}}};
  }
  void fill() {
    ASSERT_TRUE(cluster_->ask(owner_, entering("second", "p20")));
    ASSERT_TRUE(comes([&] { return cluster_->auditor().is_sealed(); }));
  }
  std::uint64_t questions() {
    return cluster_->member(follower_).store()->status(testing::HistoryMember::kNs).questions;
  }
  // Until the follower reads without a question.
  void bring_word() {
    for (int i = 0;; ++i) {
      const std::uint64_t before = questions();
      ASSERT_TRUE(cluster_->ask(follower_, reading("word" + std::to_string(i))));
      if (questions() == before) return;
    }
  }
  void read_at_follower() {
    for (int i = 0; i < 4; ++i) {
      (void)cluster_->ask(follower_, reading("read" + std::to_string(i)), 50ms);
      (void)cluster_->ask(follower_, entering("late" + std::to_string(i), "p30"), 50ms);
    }
  }
  std::string end() {
    cluster_->member(follower_).faults()->release_watches();
    const std::string dead = cluster_->play_last();
    const std::string fault = cluster_->judge();
    return fault.empty() ? dead : fault;
  }

  std::optional<HistoryCluster> cluster_;
  unsigned owner_ = 0;
  unsigned follower_ = 0;
};

// The change comes after all words that the owner has given.
TEST_F(SealedSale, OpensWhenNobodyHasAWord) {
  start(600ms);
  fill();
  bring_word();
  cluster_->member(follower_).faults()->hold_watches();
  EXPECT_TRUE(cluster_->change(owner_));
  read_at_follower();
  EXPECT_EQ(end(), "");
}

// The last user is in the version that the word is about.
TEST_F(SealedSale, GivesItsWordForTheLastVersion) {
  start(5s);
  cluster_->member(follower_).faults()->hold_watches();
  fill();
  read_at_follower();
  EXPECT_EQ(end(), "");
}

// The owner's answers are long under way: the word that it gives ends for it while the follower
// has hardly heard it.
TEST_F(SealedSale, CountsAWordFromTheSendingOfTheQuestion) {
  start(600ms);
  fill();
  cluster_->roads().delay_answers(300ms);
  bring_word();
  cluster_->member(follower_).faults()->hold_watches();
  EXPECT_TRUE(cluster_->change(owner_));
  read_at_follower();
  EXPECT_EQ(end(), "");
}

TEST_F(ClusterHistory, IsStrictlySerializable) {
  const unsigned first = store::number_from_environment("SLUICE_SEED", 1);
  const unsigned histories = store::number_from_environment("SLUICE_HISTORIES", 60);
  const TimePoint begin = Clock::now();
  for (unsigned i = 0; i < histories; ++i) {
    const unsigned seed = first + i;
    if (std::getenv("SLUICE_HISTORY_PROGRESS")) std::cout << "seed " << seed << std::endl;
    const std::string fault = play(HistoryPlan::of(seed));
    ASSERT_EQ(fault, "") << "SLUICE_SEED=" << seed << " SLUICE_HISTORIES=1";
    if ((i + 1) % 50 != 0 && i + 1 != histories) continue;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - begin);
    std::cout << i + 1 << " histories, " << told_ << " runs told, " << written_
              << " have written, of these " << unknown_ << " without an answer, " << full_
              << " one too many, " << seals_ << " seals, " << seconds.count() << " s" << std::endl;
  }
}

}  // namespace
}  // namespace sluice::filters
