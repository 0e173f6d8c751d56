// SPDX-License-Identifier: Apache-2.0
// Concurrent runs: conflicts, turns, and the limit that depends on them.
#pragma once

#include "store/testing/conformance.h"

namespace sluice::store {

TEST_P(StoreConformance, AChangedKeyIsAConflict) {
  on(0, [](View& v) {
    for (const bool present : {false, true}) {
      Transaction t(v);
      EXPECT_EQ(t.get("k").has_value(), present);
      t.put("other", "x");
      put(v, "k", "new");
      EXPECT_EQ(v.commit(t).status, CommitStatus::conflict);
      t.restart();
      EXPECT_EQ(t.get("k"), "new");
      t.put("other", "y");
      EXPECT_EQ(v.commit(t).status, CommitStatus::committed);
    }
  });
}

TEST_P(StoreConformance, AChangeOnAnotherCoreIsAConflict) {
  View& first = view(0);
  on(1, [&](View& v) {
    Transaction t(v);
    EXPECT_EQ(t.get("k"), std::nullopt);
    t.put("k", "mine");
    cores_.on(0, [&] { put(first, "k", "theirs"); });
    EXPECT_EQ(v.commit(t).status, CommitStatus::conflict);
  });
}

TEST_P(StoreConformance, AnErasedKeyIsAConflict) {
  on(0, [](View& v) {
    put(v, "k", "1");
    Transaction t(v);
    EXPECT_EQ(t.get("k"), "1");
    t.put("other", "x");
    Transaction eraser(v);
    eraser.erase("k");
    EXPECT_EQ(v.commit(eraser).status, CommitStatus::committed);
    EXPECT_EQ(v.commit(t).status, CommitStatus::conflict);
  });
}

TEST_P(StoreConformance, ACountConflictsWithInsertsButNotWithOverwrites) {
  on(0, [](View& v) {
    put(v, "id/a", "1");
    Transaction t(v);
    EXPECT_EQ(t.count("id/"), 1U);
    t.put("x", "x");
    put(v, "id/a", "2");      // the count stays
    put(v, "unrelated", "");  // another prefix
    EXPECT_EQ(v.commit(t).status, CommitStatus::committed);
    t.restart();
    EXPECT_EQ(t.count("id/"), 1U);
    t.put("x", "y");
    put(v, "id/b", "1");
    EXPECT_EQ(v.commit(t).status, CommitStatus::conflict);
  });
}

TEST_P(StoreConformance, UnrelatedKeysDoNotConflict) {
  on(0, [](View& v) {
    Transaction a(v);
    Transaction b(v);
    EXPECT_EQ(a.get("a"), std::nullopt);
    EXPECT_EQ(b.get("b"), std::nullopt);
    a.put("a", "1");
    b.put("b", "1");
    EXPECT_EQ(v.commit(a).status, CommitStatus::committed);
    EXPECT_EQ(v.commit(b).status, CommitStatus::committed);
  });
}

TEST_P(StoreConformance, AMixtureOfVersionsIsNoticed) {
  on(0, [](View& v) {
    Transaction t(v);
    EXPECT_EQ(t.get("a"), std::nullopt);
    Transaction both(v);
    both.put("a", "1");
    both.put("b", "1");
    EXPECT_EQ(v.commit(both).status, CommitStatus::committed);
    EXPECT_FALSE(t.stale());
    (void)t.get("b");
    EXPECT_TRUE(t.stale());
    EXPECT_EQ(v.commit(t).status, CommitStatus::conflict);
    t.restart();
    EXPECT_FALSE(t.stale());
  });
}

TEST_P(StoreConformance, TurnsComeInOrderAndHoldOthersBack) {
  View& a = view(0);
  View& b = view(1);
  auto turn = cores_.await(0, [&] { return a.turn(in(std::chrono::seconds(20))); });
  ASSERT_TRUE(turn);
  cores_.on(1, [&] {
    const Commit held = put(b, "k", "b");
    EXPECT_EQ(held.status, CommitStatus::conflict);
    EXPECT_TRUE(held.turn_held);
    EXPECT_EQ(get(b, "k"), std::nullopt);
    Transaction reader(b);
    (void)reader.get("k");
    EXPECT_EQ(b.commit(reader).status, CommitStatus::committed);  // reads are not held back
  });
  auto late = cores_.start(1, [&] { return b.turn(in(std::chrono::milliseconds(30))); });
  EXPECT_EQ(late.get().error().kind, ErrorKind::timed_out);
  auto next = cores_.start(1, [&]() -> Task<bool> {
    auto granted = co_await b.turn(in(std::chrono::seconds(20)));
    Transaction t(b);
    EXPECT_EQ(t.get("k"), std::nullopt);
    t.put("k", "b");
    const bool first = b.commit(t).status == CommitStatus::committed;
    t.restart();
    t.put("k2", "b");
    co_return first&& b.commit(t).status == CommitStatus::committed;
  });
  cores_.on(0, [&] { const View::Turn ended = std::move(*turn); });
  EXPECT_TRUE(next.get());
  cores_.on(0, [&] { EXPECT_EQ(get(a, "k"), "b"); });
  // The end of a turn travels by mailbox, so writes succeed again soon.
  auto eventually = cores_.await(0, [&] {
    return transact(a, [](Transaction& t) -> Task<void> {
      t.put("k", "a");
      co_return;
    });
  });
  EXPECT_EQ(eventually.status, CommitStatus::committed);
}

// A run that began in a turn may not write in the next one, which is another's.
TEST_P(StoreConformance, AnEndedTurnIsNobodys) {
  View& a = view(0);
  View& b = view(1);
  for (int round = 0; round < 2; ++round) {
    std::optional<Transaction> late;
    cores_.await(0, [&]() -> Task<void> {
      auto turn = co_await a.turn(in(std::chrono::seconds(20)));
      EXPECT_TRUE(turn);
      late.emplace(a);  // it is the one that may write
      late->put("late", "a");
    });
    auto turn = cores_.await(1, [&] { return b.turn(in(std::chrono::seconds(20))); });
    ASSERT_TRUE(turn);
    cores_.on(0, [&] {
      const Commit commit = a.commit(*late);
      EXPECT_EQ(commit.status, CommitStatus::conflict);
      EXPECT_TRUE(commit.turn_held);
      late->restart();
      late->put("late", "a");
      EXPECT_TRUE(a.commit(*late).turn_held);
      late.reset();
    });
    cores_.on(1, [&] { const View::Turn ended = std::move(*turn); });
  }
}

// The promise of the whole program: a limit in a run is the number of people let in.
TEST_P(StoreConformance, ALimitIsExactOverAllCores) {
  constexpr int kLimit = 100;
  constexpr int kUsersPerCore = 400;
  std::vector<std::future<int>> results;
  for (unsigned core = 0; core < cores_.count(); ++core) {
    View& v = view(core);
    for (int user = 0; user < kUsersPerCore; ++user) {
      const std::string key = "id/" + std::to_string(core) + "-" + std::to_string(user);
      results.push_back(cores_.start(core, [this, core, &v, key]() -> Task<int> {
        bool admitted = false;
        const Commit commit = co_await transact(v, [&](Transaction& t) -> Task<void> {
          admitted = t.count("id/") < kLimit;
          if (key.back() == '7') co_await cores_.loop(core).yield();
          if (admitted) t.put(key, "true");
        });
        EXPECT_EQ(commit.status, CommitStatus::committed);
        EXPECT_TRUE(co_await v.durable(commit.version, in(std::chrono::seconds(60))));
        co_return admitted ? 1 : 0;
      }));
    }
  }
  int admitted = 0;
  for (auto& result : results) admitted += result.get();
  EXPECT_EQ(admitted, kLimit);
  EXPECT_EQ(listed("id/").size(), static_cast<std::size_t>(kLimit));
}

}  // namespace sluice::store
