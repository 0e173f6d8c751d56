// SPDX-License-Identifier: Apache-2.0
// A limit on the keys of a namespace that several members share, and the seal, on a real etcd.
#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "store/etcd/testing/etcd_medium_fixture.h"
#include "store/testing/follower_reads.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

class EtcdLimitTest : public EtcdMediumTest {
 protected:
  // Opens "one", which owns the namespace, and "two", which never takes it by itself. "two" asks
  // "one" while it `answers_`.
  void begin_both(Duration read_permit) {
    options_.read_permit = read_permit;
    options_.address = "127.0.0.1:1";
    begin();
    options_.ask_owner = [this](const loop::Core& core, const Owner&, const std::string& ns,
                                TimePoint) -> Task<Result<OwnerAnswer>> {
      ++asked_;
      if (answers_after_ > Duration()) co_await core.loop.sleep_for(answers_after_);
      const auto answer = answers_ ? store().last_sent(ns) : std::nullopt;
      if (!answer) co_return fail(ErrorKind::unavailable, "it may not say");
      co_return *answer;
    };
    two_ = member("two");
    ASSERT_EQ(two_.trouble, "");
    refusal_ = std::make_unique<KvFaults::Chosen>(*two_.faults, [](const pb::TxnRequest& txn) {
      return is_take(txn) ? KvFault::lost : KvFault::none;
    });
    ASSERT_TRUE(two_.store->prepare(kNs));
  }
  Store& two() { return *two_.store; }
  void move_to_two() {
    refusal_.reset();
    opened_.medium->retire(kNs);
    ASSERT_TRUE(owned_within(two(), 20s));
  }
  static KeyLimit limit(std::uint64_t max, std::uint64_t revision) {
    return {.prefix = "id/", .max = max, .revision = revision};
  }
  // A run that writes without a look.
  CommitStatus add(Store& member, const std::string& key) {
    View& its = view_of(member);
    return cores_.on(0, [&] { return sluice::store::put(its, "id/" + key, "1").status; });
  }
  // How many of 20 users are let in, and told so.
  int fill(Store& member, const std::string& name) {
    int let_in = 0;
    for (int i = 0; i < 20; ++i) {
      View& its = view_of(member);
      const std::string key = "id/" + name + std::to_string(i);
      const Commit commit = cores_.on(0, [&] { return sluice::store::put(its, key, "1"); });
      if (commit.status == CommitStatus::committed && fate_in(member, commit) == "durable")
        ++let_in;
    }
    return let_in;
  }
  Seq seq() { return rival_->seq_of(kNs); }
  bool becomes_sealed() {
    return comes_true([&] { return seq().sealed && !seq().opening; }) &&
           comes_true([&] { return store().last_sent(kNs).value_or(OwnerAnswer()).sealed; });
  }
  // True if "two" may tell what its replica has, without a question.
  bool tells_from_memory() {
    View& its = view_of(two());
    return cores_.on(0, [&] {
      const View::Moment moment = its.moment();
      Transaction t(its);
      (void)t.get("id/a0");
      return its.is_confirmed(moment, its.commit(t).version);
    });
  }
  std::string told_by_two(const std::string& key) {
    View& its = view_of(two());
    return cores_.await(0, [&] { return told_value(its, key); });
  }
  std::uint64_t keys(Store& member) { return member.count(kNs, "id/").value_or(0); }

  EtcdStore two_;
  std::unique_ptr<KvFaults::Chosen> refusal_;
  Duration answers_after_{};
  std::atomic<bool> answers_ = true;
  std::atomic<int> asked_ = 0;
};

TEST_F(EtcdLimitTest, TheLimitGoesWithTheNamespace) {
  begin_both(200ms);
  ASSERT_TRUE(store().hold_limit(kNs, limit(3, 7)));
  EXPECT_EQ(seq().limit, limit(3, 7)) << "durable on return";
  ASSERT_TRUE(two().hold_limit(kNs, limit(9, 6))) << "an older spec";
  EXPECT_EQ(fill(store(), "a"), 3);
  move_to_two();
  EXPECT_EQ(seq().limit, limit(3, 7));
  EXPECT_EQ(fill(two(), "b"), 0);
  EXPECT_EQ(two().status(kNs).limit->used, 3U);
  ASSERT_TRUE(two().hold_limit(kNs, limit(5, 8)));
  EXPECT_EQ(fill(two(), "c"), 2);
  EXPECT_EQ(keys(two()), 5U);
}

// The member that brings a spec into force is not the owner: the limit holds when it is.
TEST_F(EtcdLimitTest, ANewOwnerHoldsTheNewestLimitBeforeItsFirstRun) {
  begin_both(200ms);
  ASSERT_TRUE(store().hold_limit(kNs, limit(9, 3)));
  ASSERT_TRUE(two().hold_limit(kNs, limit(2, 4)));
  EXPECT_EQ(fill(store(), "a"), 9) << "it has the older spec, which counts until then";
  move_to_two();
  EXPECT_EQ(fill(two(), "b"), 0);
  ASSERT_TRUE(two().erase_all(kNs, ""));
  EXPECT_EQ(fill(two(), "c"), 2);
  EXPECT_EQ(seq().limit, limit(2, 4));
  ASSERT_TRUE(two().hold_limit(kNs, KeyLimit{.prefix = {}, .revision = 5}));
  EXPECT_EQ(fill(two(), "d"), 20) << "the spec has no limit any more";
}

// A member has taken the namespace and may not write yet: an apply waits for its limit.
TEST_F(EtcdLimitTest, ALimitIsDurableOnReturnAlsoBeforeTheFirstGroup) {
  begin_both(700ms);
  ASSERT_TRUE(store().hold_limit(kNs, limit(2, 1)));
  EXPECT_EQ(fill(store(), "a"), 2);
  ASSERT_TRUE(becomes_sealed());
  faults().hold_watches();
  KvFaults::Chosen chosen = faults().choose(
      [](const pb::TxnRequest& txn) { return is_take(txn) ? KvFault::lost : KvFault::none; });
  refusal_.reset();
  rival_->remove(rival_->keys().owner(kNs));
  View& its = view_of(two());
  ASSERT_TRUE(comes_true([&] {
    const auto owner = its.owner();
    return owner && owner->me;
  }));
  ASSERT_TRUE(two().hold_limit(kNs, limit(5, 2)));
  EXPECT_EQ(seq().limit, limit(5, 2));
  EXPECT_EQ(fill(two(), "b"), 3);
  faults().release_watches();
}

// The answer of a follower counts as a read: it is as new as the request.
TEST_F(EtcdLimitTest, AFollowerKnowsThatTheLimitIsReached) {
  begin_both(200ms);
  ASSERT_TRUE(store().hold_limit(kNs, limit(2, 1)));
  EXPECT_EQ(add(two(), "x"), CommitStatus::not_owner);
  EXPECT_EQ(fill(store(), "a"), 2);
  ASSERT_EQ(told_by_two("id/a1"), "1");
  EXPECT_EQ(add(two(), "x"), CommitStatus::full);
  EXPECT_EQ(add(two(), "a1"), CommitStatus::not_owner) << "it replaces";
  ASSERT_TRUE(store().erase(kNs, "id/a0"));
  ASSERT_EQ(told_by_two("id/a0"), "absent");
  EXPECT_EQ(add(two(), "x"), CommitStatus::not_owner);
}

TEST_F(EtcdLimitTest, ASealedNamespaceNeedsNoQuestions) {
  begin_both(60s);
  ASSERT_TRUE(store().hold_limit(kNs, limit(2, 1)));
  EXPECT_EQ(fill(store(), "a"), 2);
  EXPECT_FALSE(tells_from_memory());
  ASSERT_TRUE(becomes_sealed());
  EXPECT_TRUE(two().status(kNs).limit->state.sealed ||
              comes_true([&] { return two().status(kNs).limit->state.sealed; }));
  ASSERT_EQ(told_by_two("id/a0"), "1") << "this question brings the word";
  const int asked = asked_;
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(tells_from_memory());
    EXPECT_EQ(add(two(), "x"), CommitStatus::full);
  }
  EXPECT_EQ(asked_, asked);
}

TEST_F(EtcdLimitTest, AWordIsRenewedWhileItIsUsed) {
  begin_both(400ms);
  ASSERT_TRUE(store().hold_limit(kNs, limit(1, 1)));
  EXPECT_EQ(fill(store(), "a"), 1);
  ASSERT_TRUE(becomes_sealed());
  // A run that comes just before the end of a word asks for the next one. On a slow machine, there
  // may be none.
  int asked = 0;
  TimePoint begin;
  ASSERT_TRUE(comes_true([&] {
    begin = Clock::now();
    EXPECT_EQ(told_by_two("id/a0"), "1");
    asked = asked_;
    while (tells_from_memory() && asked_ == asked) std::this_thread::yield();
    return asked_ > asked;
  }));
  EXPECT_GE(Clock::now() - begin, options_.read_permit * 8 / 10) << "and not before";
  answers_ = false;
  ASSERT_TRUE(comes_true([&] { return !tells_from_memory(); })) << "the word runs out";
  EXPECT_EQ(told_by_two("id/a0"), "1") << "etcd says it, instead";
  EXPECT_FALSE(tells_from_memory());
}

// The question has its answer from etcd when the word comes.
TEST_F(EtcdLimitTest, AWordMayComeFromFarAway) {
  answers_after_ = 150ms;
  begin_both(60s);
  ASSERT_TRUE(store().hold_limit(kNs, limit(1, 1)));
  EXPECT_EQ(fill(store(), "a"), 1);
  ASSERT_TRUE(becomes_sealed());
  EXPECT_EQ(told_by_two("id/a0"), "1");
  EXPECT_TRUE(comes_true([&] { return tells_from_memory(); }));
}

TEST_F(EtcdLimitTest, AWordIsForOneVersion) {
  begin_both(60s);
  ASSERT_TRUE(store().hold_limit(kNs, limit(2, 1)));
  ASSERT_EQ(told_by_two("id/a0"), "absent");
  two_.faults->hold_watches();
  EXPECT_EQ(fill(store(), "a"), 2);
  ASSERT_TRUE(becomes_sealed());
  const int asked = asked_;
  View& its = view_of(two());
  auto told = cores_.start(0, [&] { return told_value(its, "id/a0"); });
  ASSERT_TRUE(comes_true([&] { return asked_ > asked; }));
  std::this_thread::sleep_for(10ms);
  EXPECT_FALSE(tells_from_memory()) << "it has the word, and does not have the version";
  two_.faults->release_watches();
  EXPECT_EQ(told.get(), "1");
  EXPECT_TRUE(tells_from_memory());
}

TEST_F(EtcdLimitTest, AnOpeningWaitsForTheWords) {
  begin_both(700ms);
  ASSERT_TRUE(store().hold_limit(kNs, limit(2, 1)));
  EXPECT_EQ(fill(store(), "a"), 2);
  ASSERT_TRUE(becomes_sealed());
  ASSERT_EQ(told_by_two("id/a0"), "1");
  // It hears nothing of the opening, and goes on with its word.
  two_.faults->hold_watches();
  ASSERT_TRUE(tells_from_memory());
  const TimePoint begin = Clock::now();
  ASSERT_TRUE(store().erase(kNs, "id/a0"));
  EXPECT_GE(Clock::now() - begin, options_.read_permit * 11 / 10);
  EXPECT_FALSE(tells_from_memory()) << "its word is over";
  two_.faults->release_watches();
  EXPECT_EQ(told_by_two("id/a0"), "absent");
  EXPECT_EQ(fill(store(), "b"), 1);
  EXPECT_EQ(keys(store()), 2U);
}

TEST_F(EtcdLimitTest, ARunThatReplacesOpensTheNamespace) {
  begin_both(200ms);
  ASSERT_TRUE(store().hold_limit(kNs, limit(2, 1)));
  EXPECT_EQ(fill(store(), "a"), 2);
  ASSERT_TRUE(becomes_sealed());
  EXPECT_EQ(add(store(), "x"), CommitStatus::full);
  EXPECT_EQ(add(store(), "a1"), CommitStatus::sealed);
  View& its = view();
  ASSERT_TRUE(cores_.await(0, [&] { return its.opened(in(20s)); }));
  EXPECT_EQ(add(store(), "a1"), CommitStatus::committed);
  EXPECT_EQ(add(store(), "x"), CommitStatus::full);
  EXPECT_TRUE(becomes_sealed()) << "again, when it is quiet";
}

TEST_F(EtcdLimitTest, ARaisedLimitOpensTheNamespace) {
  begin_both(200ms);
  ASSERT_TRUE(store().hold_limit(kNs, limit(2, 1)));
  EXPECT_EQ(fill(store(), "a"), 2);
  ASSERT_TRUE(becomes_sealed());
  ASSERT_TRUE(store().hold_limit(kNs, limit(2, 2)));
  EXPECT_FALSE(seq().opening) << "the same limit";
  ASSERT_TRUE(store().hold_limit(kNs, limit(5, 3)));
  EXPECT_EQ(seq().limit, limit(5, 3)) << "durable on return";
  EXPECT_EQ(fill(store(), "b"), 3);
  ASSERT_TRUE(becomes_sealed());
  ASSERT_TRUE(store().erase_all(kNs, ""));
  EXPECT_EQ(fill(store(), "c"), 5);
  EXPECT_EQ(keys(store()), 5U);
}

TEST_F(EtcdLimitTest, ANewOwnerOfASealedNamespaceOpensItInTheSameWay) {
  begin_both(700ms);
  ASSERT_TRUE(store().hold_limit(kNs, limit(2, 1)));
  EXPECT_EQ(fill(store(), "a"), 2);
  ASSERT_TRUE(becomes_sealed());
  move_to_two();
  EXPECT_EQ(add(two(), "x"), CommitStatus::full);
  EXPECT_EQ(add(two(), "a1"), CommitStatus::sealed);
  const TimePoint begin = Clock::now();
  ASSERT_TRUE(two().erase(kNs, "id/a0"));
  EXPECT_GE(Clock::now() - begin, options_.read_permit * 11 / 10);
  EXPECT_EQ(fill(two(), "b"), 1);
  EXPECT_EQ(keys(two()), 2U);
}

// The owner goes between the two groups of an opening.
TEST_F(EtcdLimitTest, ANewOwnerEndsAnOpening) {
  begin_both(700ms);
  ASSERT_TRUE(store().hold_limit(kNs, limit(2, 1)));
  EXPECT_EQ(fill(store(), "a"), 2);
  ASSERT_TRUE(becomes_sealed());
  auto erased = std::async([&] { return store().erase(kNs, "id/a0"); });
  ASSERT_TRUE(comes_true([&] { return seq().opening; }));
  const TimePoint begin = Clock::now();
  move_to_two();
  ASSERT_FALSE(erased.get()) << "its owner is gone";
  EXPECT_EQ(add(two(), "x"), CommitStatus::full);
  ASSERT_TRUE(comes_true([&] { return !seq().sealed || !seq().opening; }));
  EXPECT_GE(Clock::now() - begin, options_.read_permit * 11 / 10);
  ASSERT_TRUE(two().erase(kNs, "id/a0"));
  EXPECT_EQ(fill(two(), "b"), 1);
}

}  // namespace
}  // namespace sluice::store
