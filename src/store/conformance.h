// SPDX-License-Identifier: Apache-2.0
// What every backend of the Store must do. INSTANTIATE_TEST_SUITE_P(…, StoreConformance, …) with a
// function that opens an empty store.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "store/test_cores.h"
#include "store/test_directory.h"

namespace sluice::store {

struct BackendUnderTest {
  std::string name;
  // `directory`: the backend's own.
  std::function<std::unique_ptr<Store>(const std::string& directory, unsigned core_count,
                                       const Limits& limits)>
      open;
};

class StoreConformance : public testing::TestWithParam<BackendUnderTest> {
 protected:
  static constexpr const char* kNs = "flash-sale/wasm";

  void open(const Limits& limits = {}) {
    store = GetParam().open(directory.path(), cores.count(), limits);
    ASSERT_NE(store, nullptr);
    ASSERT_TRUE(store->prepare(kNs));
  }
  void SetUp() override { open(); }

  View& view(unsigned core) {
    return cores.on(core, [&]() -> View& { return store->view(cores.core(core), kNs); });
  }
  // Runs work(View&) on the core.
  template <class Work>
  decltype(auto) on(unsigned core, Work work) {
    return cores.on(core, [&] { return work(store->view(cores.core(core), kNs)); });
  }
  Result<void> wait_durable(unsigned core, Version version) {
    View& its_view = view(core);
    return cores.await(
        core, [&its_view, version] { return its_view.durable(version, in(std::chrono::seconds(20))); });
  }
  std::vector<std::string> listed(std::string_view prefix = {}, std::size_t limit = 1000) {
    std::vector<std::string> keys;
    std::string after;
    while (true) {
      const auto page = store->list(kNs, prefix, after, limit);
      if (!page) {
        ADD_FAILURE() << page.error().message;
        return keys;
      }
      for (const Entry& entry : page->entries) keys.push_back(entry.key);
      if (!page->more) return keys;
      after = keys.back();
    }
  }

  TestDirectory directory;
  TestCores cores{3};
  std::unique_ptr<Store> store;
};

TEST_P(StoreConformance, SeesItsOwnWrites) {
  on(0, [](View& v) {
    put(v, "id/a", "1");
    put(v, "id/b", "2");
    Transaction t(v);
    EXPECT_EQ(t.get("id/c"), std::nullopt);
    EXPECT_FALSE(t.has_writes());
    t.put("id/c", "3");
    t.put("id/a", "one");
    t.erase("id/b");
    t.erase("absent");
    EXPECT_TRUE(t.has_writes());
    EXPECT_EQ(t.get("id/c"), "3");
    EXPECT_EQ(t.get("id/a"), "one");
    EXPECT_EQ(t.get("id/b"), std::nullopt);
    EXPECT_EQ(t.count("id/"), 2U);
    EXPECT_EQ(t.count("id/b"), 0U);
    EXPECT_EQ(t.count(""), 2U);
    t.put("id/b", "again");
    EXPECT_EQ(t.count("id/"), 3U);
    EXPECT_EQ(v.commit(t).status, CommitStatus::committed);
    EXPECT_EQ(count(v, "id/"), 3U);
    EXPECT_EQ(get(v, "id/b"), "again");
  });
}

TEST_P(StoreConformance, RestartForgetsEverything) {
  on(0, [](View& v) {
    Transaction t(v);
    t.put("x", "1");
    t.restart();
    EXPECT_FALSE(t.has_writes());
    EXPECT_EQ(t.get("x"), std::nullopt);
    EXPECT_EQ(v.commit(t).status, CommitStatus::committed);
    EXPECT_EQ(get(v, "x"), std::nullopt);
  });
}

TEST_P(StoreConformance, ACommitIsSeenOnEveryCoreAtOnce) {
  for (unsigned i = 0; i < 3; ++i) (void)view(i);
  for (int round = 0; round < 50; ++round) {
    const std::string value = std::to_string(round);
    const unsigned writer = static_cast<unsigned>(round % 3);
    on(writer, [&](View& v) { EXPECT_EQ(put(v, "k", value).status, CommitStatus::committed); });
    for (unsigned i = 0; i < 3; ++i) {
      on(i, [&](View& v) {
        EXPECT_EQ(get(v, "k"), value);
        EXPECT_EQ(count(v, "k"), 1U);
      });
    }
  }
}

TEST_P(StoreConformance, ALateViewHasWhatWasBefore) {
  Version version = 0;
  on(0, [&](View& v) {
    for (int i = 0; i < 3000; ++i) version = put(v, "id/" + std::to_string(i), "true").version;
  });
  on(2, [](View& v) { EXPECT_EQ(count(v, "id/"), 3000U); });
  ASSERT_TRUE(wait_durable(2, version));
  on(1, [](View& v) {
    EXPECT_EQ(count(v, "id/"), 3000U);
    EXPECT_EQ(get(v, "id/2999"), "true");
  });
}

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
    cores.on(0, [&] { put(first, "k", "theirs"); });
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
    put(v, "id/a", "2");     // the count stays
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

TEST_P(StoreConformance, ManyKeysInOneTransaction) {
  on(0, [](View& v) {
    Transaction t(v);
    for (int round = 0; round < 2; ++round) {
      for (int i = 0; i < 2000; ++i) {
        const std::string key = "id/" + std::to_string(i);
        if (round == 0) {
          EXPECT_EQ(t.get(key), std::nullopt);
        }
        t.put(key, std::to_string(i * (round + 1)));
      }
    }
    EXPECT_EQ(t.count("id/1"), 1111U);
    EXPECT_EQ(v.commit(t).status, CommitStatus::committed);
    EXPECT_EQ(get(v, "id/1999"), "3998");
    EXPECT_EQ(count(v, "id/"), 2000U);
  });
}

TEST_P(StoreConformance, BytesAreBytes) {
  const std::string key("k\0\xff/", 4);
  const std::string value("\0\n\xc3", 3);
  const std::string big(100'000, 'v');
  Version version = 0;
  on(0, [&](View& v) {
    put(v, key, value);
    put(v, "", "of the empty key");
    put(v, "empty", "");
    version = put(v, "big", big).version;
    EXPECT_EQ(get(v, key), value);
    EXPECT_EQ(get(v, ""), "of the empty key");
    EXPECT_EQ(get(v, "empty"), "");
    EXPECT_EQ(get(v, "big"), big);
    Transaction t(v);
    t.put("copy", *t.get("big"));
    t.put("copy2", *t.get("copy"));
    t.put("copy3", *t.get("empty"));
    t.put(*t.get("copy3"), "by a key that was read");
    EXPECT_EQ(v.commit(t).status, CommitStatus::committed);
    EXPECT_EQ(get(v, "copy2"), big);
    EXPECT_EQ(get(v, ""), "by a key that was read");
  });
  EXPECT_EQ(listed({}, 1),
            (std::vector<std::string>{"", "big", "copy", "copy2", "copy3", "empty", key}));
}

TEST_P(StoreConformance, BeyondALimitNothingIsCommitted) {
  store.reset();
  open({.key_bytes_max = 8,
        .value_bytes_max = 16,
        .writes_per_transaction_max = 3,
        .reads_per_transaction_max = 4});
  on(0, [](View& v) {
    EXPECT_EQ(put(v, "123456789", "").status, CommitStatus::too_large);
    EXPECT_EQ(put(v, "k", std::string(17, 'x')).status, CommitStatus::too_large);
    EXPECT_EQ(get(v, "123456789"), std::nullopt);
    Transaction t(v);
    for (const char* key : {"a", "b", "c"}) t.put(key, "");
    t.put("a", "again");
    EXPECT_EQ(v.commit(t).status, CommitStatus::committed);
    t.restart();
    for (const char* key : {"d", "e", "f", "g"}) t.put(key, "");
    EXPECT_EQ(v.commit(t).status, CommitStatus::too_large);
    t.restart();
    for (const char* key : {"a", "b", "c", "d", "e"}) (void)t.get(key);
    EXPECT_EQ(v.commit(t).status, CommitStatus::too_large);
    EXPECT_EQ(count(v, ""), 3U);
  });
  EXPECT_EQ(store->apply(kNs, {{"123456789", ""}}).error().kind, ErrorKind::too_large);
}

TEST_P(StoreConformance, WhatIsDurableIsListed) {
  Version version = 0;
  on(1, [&](View& v) {
    const Commit commit = put(v, "id/1", "true");
    EXPECT_EQ(commit.status, CommitStatus::committed);
    version = commit.version;
  });
  ASSERT_TRUE(wait_durable(1, version));
  on(1, [&](View& v) {
    EXPECT_TRUE(v.is_durable(version));
    Transaction t(v);
    (void)t.get("id/1");
    const Commit commit = v.commit(t);
    EXPECT_EQ(commit.status, CommitStatus::committed);
    EXPECT_LE(commit.version, version);
  });
  EXPECT_EQ(listed(), std::vector<std::string>{"id/1"});
  const auto status = store->status(kNs);
  EXPECT_EQ(status.keys, 1U);
  EXPECT_EQ(status.durable, version);
  EXPECT_EQ(status.committed, version);
  EXPECT_EQ(store->health(), "");
}

TEST_P(StoreConformance, ListsInPagesInKeyOrder) {
  std::vector<Entry> entries;
  std::set<std::string> expected;
  for (int i = 999; i >= 0; --i) {
    entries.push_back({"id/" + std::to_string(i), "v"});
    expected.insert(entries.back().key);
  }
  entries.push_back({"id", "before"});
  entries.push_back({"id0", "behind"});
  entries.push_back({"\xff\xff", "last"});
  ASSERT_TRUE(store->apply(kNs, entries));
  const auto with_prefix = listed("id/", 7);
  EXPECT_EQ(with_prefix, std::vector<std::string>(expected.begin(), expected.end()));
  EXPECT_EQ(listed("\xff", 7), std::vector<std::string>{"\xff\xff"});
  EXPECT_EQ(listed({}, 100).size(), 1003U);
  EXPECT_EQ(store->count(kNs, "id/"), 1000U);
  EXPECT_EQ(store->count(kNs, "\xff"), 1U);
  EXPECT_EQ(store->count(kNs, ""), 1003U);
  const auto page = store->list(kNs, "id/", "aaa", 1000);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->entries.size(), 1000U);
  EXPECT_FALSE(page->more);
}

TEST_P(StoreConformance, AdministrationIsATransactionToo) {
  on(0, [&](View& v) { EXPECT_EQ(count(v, "id/"), 0U); });
  View& admin_seen = view(1);
  on(0, [&](View& v) {
    Transaction t(v);
    EXPECT_EQ(t.count("id/"), 0U);
    t.put("x", "1");
    ASSERT_TRUE(store->apply(kNs, {{"id/1", "a"}, {"id/2", "b"}, {"keep", "c"}, {"id/1", "d"}}));
    EXPECT_EQ(v.commit(t).status, CommitStatus::conflict);
    EXPECT_EQ(count(v, "id/"), 2U);
    EXPECT_EQ(get(v, "id/1"), "d");
  });
  cores.on(1, [&] { EXPECT_EQ(count(admin_seen, "id/"), 2U); });
  ASSERT_TRUE(store->erase_all(kNs, "id/"));
  on(0, [](View& v) {
    EXPECT_EQ(count(v, "id/"), 0U);
    EXPECT_EQ(get(v, "keep"), "c");
  });
  EXPECT_EQ(listed(), std::vector<std::string>{"keep"});
  ASSERT_TRUE(store->erase_all(kNs, ""));
  on(1, [](View& v) {
    EXPECT_EQ(get(v, "keep"), std::nullopt);
    EXPECT_EQ(count(v, ""), 0U);
  });
  EXPECT_TRUE(listed().empty());
}

TEST_P(StoreConformance, ANamespaceWithoutViewsWorks) {
  ASSERT_TRUE(store->apply("a/b", {{"k", "v"}}));
  EXPECT_EQ(store->count("a/b", ""), 1U);
  EXPECT_EQ(store->count("never/used", ""), 0U);
  EXPECT_TRUE(store->list("never/used", "", "", 10)->entries.empty());
  EXPECT_EQ(store->status("a/b").keys, 1U);
  ASSERT_TRUE(store->prepare("a/b"));
  ASSERT_TRUE(store->prepare("a/b"));
  ASSERT_TRUE(store->apply("a/b", {{"k2", "v2"}}));
  cores.on(0, [&] {
    View& v = store->view(cores.core(0), "a/b");
    EXPECT_EQ(&v, &store->view(cores.core(0), "a/b"));
    EXPECT_EQ(get(v, "k"), "v");
    EXPECT_EQ(get(v, "k2"), "v2");
    EXPECT_EQ(count(v, "k"), 2U);
  });
  on(0, [](View& v) { EXPECT_EQ(get(v, "k"), std::nullopt); });
  ASSERT_TRUE(store->erase_all("a/b", ""));
  EXPECT_EQ(store->count("a/b", ""), 0U);
}

TEST_P(StoreConformance, KeepsDocuments) {
  ASSERT_TRUE(store->put_document("objects", {"b", "{}"}));
  ASSERT_TRUE(store->put_document("objects", {"a", "1"}));
  ASSERT_TRUE(store->put_document("objects", {"a", "2"}));
  ASSERT_TRUE(store->put_document("others", {"c", ""}));
  auto documents = store->documents("objects");
  ASSERT_TRUE(documents);
  ASSERT_EQ(documents->size(), 2U);
  EXPECT_EQ(documents->at(0).key, "a");
  EXPECT_EQ(documents->at(0).value, "2");
  ASSERT_TRUE(store->erase_document("objects", "a"));
  ASSERT_TRUE(store->erase_document("objects", "absent"));
  EXPECT_EQ(store->documents("objects")->size(), 1U);
  EXPECT_EQ(store->documents("others")->size(), 1U);
  EXPECT_TRUE(store->documents("none")->empty());
}

TEST_P(StoreConformance, TurnsComeInOrderAndHoldOthersBack) {
  View& a = view(0);
  View& b = view(1);
  auto turn = cores.await(0, [&] { return a.turn(in(std::chrono::seconds(20))); });
  ASSERT_TRUE(turn);
  cores.on(1, [&] {
    const Commit held = put(b, "k", "b");
    EXPECT_EQ(held.status, CommitStatus::conflict);
    EXPECT_TRUE(held.turn_held);
    EXPECT_EQ(get(b, "k"), std::nullopt);
    Transaction reader(b);
    (void)reader.get("k");
    EXPECT_EQ(b.commit(reader).status, CommitStatus::committed);  // reading goes on
  });
  auto late = cores.start(1, [&] { return b.turn(in(std::chrono::milliseconds(30))); });
  EXPECT_EQ(late.get().error().kind, ErrorKind::timed_out);
  auto next = cores.start(1, [&]() -> Task<bool> {
    auto granted = co_await b.turn(in(std::chrono::seconds(20)));
    Transaction t(b);
    EXPECT_EQ(t.get("k"), std::nullopt);
    t.put("k", "b");
    const bool first = b.commit(t).status == CommitStatus::committed;
    t.restart();
    t.put("k2", "b");
    co_return first && b.commit(t).status == CommitStatus::committed;
  });
  cores.on(0, [&] { const View::Turn ended = std::move(*turn); });
  EXPECT_TRUE(next.get());
  cores.on(0, [&] { EXPECT_EQ(get(a, "k"), "b"); });
  // The end of a turn travels by mailbox: writing goes on soon.
  auto eventually = cores.await(0, [&] {
    return transact(a, [](Transaction& t) -> Task<void> {
      t.put("k", "a");
      co_return;
    });
  });
  EXPECT_EQ(eventually.status, CommitStatus::committed);
}

// The promise of the whole program: a limit in a run is the number of people let in.
TEST_P(StoreConformance, ALimitIsExactOverAllCores) {
  constexpr int kLimit = 100;
  constexpr int kUsersPerCore = 400;
  std::vector<std::future<int>> results;
  for (unsigned core = 0; core < cores.count(); ++core) {
    View& v = view(core);
    for (int user = 0; user < kUsersPerCore; ++user) {
      const std::string key = "id/" + std::to_string(core) + "-" + std::to_string(user);
      results.push_back(cores.start(core, [this, core, &v, key]() -> Task<int> {
        bool admitted = false;
        const Commit commit = co_await transact(v, [&](Transaction& t) -> Task<void> {
          admitted = t.count("id/") < kLimit;
          if (key.back() == '7') co_await cores.loop(core).yield();
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
