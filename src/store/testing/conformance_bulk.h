// SPDX-License-Identifier: Apache-2.0
// Changes of many keys at once, during runs.
#pragma once

#include <atomic>
#include <thread>

#include "store/testing/conformance.h"

namespace sluice::store {

// Low limits, so that few keys take every code path.
inline Limits small_bulks() {
  Limits limits;
  limits.keys_counted_at_once = 16;
  limits.bulk_entries_min = 8;
  return limits;
}

inline std::string key_of(int i) { return "id/" + std::to_string(i); }

class Import1 {
 public:
  Import1(Store& store, std::string ns) : import_(*store.begin_import(ns)) {}
  Import1& add(std::string_view key, std::string_view value) {
    EXPECT_TRUE(import_->add(key, value));
    return *this;
  }
  Import1& replace_all() {
    import_->replace_all();
    return *this;
  }
  bool commit() {
    const auto done = import_->commit();
    EXPECT_TRUE(done) << done.error().message;
    return done.has_value();
  }

 private:
  std::unique_ptr<BulkImport> import_;
};

// A run's view on one core of id/0 .. id/<keys - 1>, and their count.
struct Seen {
  std::uint64_t counted = 0;
  std::uint64_t found = 0;
  std::set<std::string> values;
};

inline Task<Seen> look(View& view, int keys) {
  Seen seen;
  (void)co_await transact(view, [&](Transaction& t) -> Task<void> {
    seen = {};
    seen.counted = t.count("id/");
    for (int i = 0; i < keys; ++i) {
      const auto value = t.get(key_of(i));
      if (!value) continue;
      ++seen.found;
      seen.values.emplace(*value);
    }
    co_return;
  });
  co_return seen;
}

TEST_P(StoreConformance, AnImportIsSeenWholeOrNotAtAll) {
  open(small_bulks());
  constexpr int kKeys = 300;
  std::atomic<bool> stop = false;
  std::vector<std::future<void>> lookers;
  for (unsigned core = 0; core < cores_.count(); ++core) {
    View& v = view(core);
    lookers.push_back(cores_.start(core, [&, core]() -> Task<void> {
      while (!stop) {
        const Seen seen = co_await look(v, kKeys);
        EXPECT_EQ(seen.counted, seen.found);
        EXPECT_LE(seen.values.size(), 1U);
        EXPECT_TRUE(seen.found == 0 || seen.found == kKeys) << seen.found;
        co_await cores_.loop(core).yield();
      }
    }));
  }
  for (int round = 0; round < 10; ++round) {
    Import1 import(*store_, kNs);
    for (int i = 0; i < kKeys; ++i) import.add(key_of(i), std::to_string(round));
    ASSERT_TRUE(import.commit());
    EXPECT_EQ(listed("id/", 100).size(), static_cast<std::size_t>(kKeys));
    EXPECT_EQ(store_->count(kNs, "id/"), static_cast<std::uint64_t>(kKeys));
    if (round % 2 == 1) {
      ASSERT_TRUE(store_->erase_all(kNs, round % 4 == 1 ? "id/" : ""));
      EXPECT_EQ(store_->count(kNs, "id/"), 0U);
      EXPECT_TRUE(listed().empty());
    }
  }
  stop = true;
  for (auto& looker : lookers) looker.get();
}

// Many keys and few, each time in place of all that was there.
TEST_P(StoreConformance, AnImportThatReplacesIsOneStep) {
  open(small_bulks());
  constexpr int kMany = 300;
  constexpr int kFew = 5;
  Import1 first(*store_, kNs);
  for (int i = 0; i < kFew; ++i) first.add(key_of(i), "first");
  ASSERT_TRUE(first.add("other", "goes").commit());
  std::atomic<bool> stop = false;
  std::vector<std::future<void>> lookers;
  for (unsigned core = 0; core < cores_.count(); ++core) {
    View& v = view(core);
    lookers.push_back(cores_.start(core, [&, core]() -> Task<void> {
      while (!stop) {
        const Seen seen = co_await look(v, kMany);
        EXPECT_EQ(seen.counted, seen.found);
        EXPECT_EQ(seen.values.size(), 1U);
        EXPECT_TRUE(seen.found == kFew || seen.found == kMany) << seen.found;
        co_await cores_.loop(core).yield();
      }
    }));
  }
  for (int round = 0; round < 10; ++round) {
    Import1 import(*store_, kNs);
    const int keys = round % 2 == 0 ? kMany : kFew;
    for (int i = 0; i < keys; ++i) import.add(key_of(i), std::to_string(round));
    ASSERT_TRUE(import.replace_all().commit());
    EXPECT_EQ(listed("", 100).size(), static_cast<std::size_t>(keys));
  }
  stop = true;
  for (auto& looker : lookers) looker.get();
  ASSERT_TRUE(Import1(*store_, kNs).replace_all().commit());
  EXPECT_TRUE(listed().empty());
}

inline void write_and_count(Transaction& t, const std::string& key, bool erases) {
  const std::uint64_t before = t.count("id/");
  const bool present = t.get(key).has_value();
  if (erases) {
    t.erase(key);
  } else {
    t.put(key, "run");
  }
  if (!t.stale()) {
    EXPECT_EQ(t.count("id/"), before - (present ? 1 : 0) + (erases ? 0 : 1));
  }
}

// Runs keep writing keys of the import, and other keys. In any order, all cores and the disk agree,
// and counts match the keys.
TEST_P(StoreConformance, RunsWriteDuringBulkChanges) {
  open(small_bulks());
  constexpr int kKeys = 400;
  std::atomic<bool> stop = false;
  std::vector<std::future<void>> writers;
  for (unsigned core = 0; core < cores_.count(); ++core) {
    View& v = view(core);
    writers.push_back(cores_.start(core, [&, core]() -> Task<void> {
      for (int i = static_cast<int>(core); !stop; i += 7) {
        const std::string key = key_of(i % (kKeys + 50));
        const Commit commit = co_await transact(v, [&](Transaction& t) -> Task<void> {
          write_and_count(t, key, i % 3 == 0);
          co_return;
        });
        EXPECT_EQ(commit.status, CommitStatus::committed);
        EXPECT_TRUE(co_await v.durable(commit.version, in(std::chrono::seconds(60))));
      }
    }));
  }
  for (int round = 0; round < 12; ++round) {
    Import1 import(*store_, kNs);
    for (int i = kKeys - 1; i >= 0; i -= 1 + round % 3) import.add(key_of(i), "import");
    EXPECT_TRUE(import.commit()) << store_->health();
    if (round % 3 == 2) {
      EXPECT_TRUE(store_->erase_all(kNs, "id/1"));
    }
  }
  stop = true;
  for (auto& writer : writers) writer.get();
  EXPECT_EQ(store_->health(), "");
  const auto on_disk = listed("id/", 100);
  for (unsigned core = 0; core < cores_.count(); ++core) {
    View& v = view(core);
    const Seen seen = cores_.await(core, [&] { return look(v, kKeys + 50); });
    EXPECT_EQ(seen.counted, seen.found);
    EXPECT_EQ(seen.found, on_disk.size());
    on(core, [&](View& same) {
      (void)store_->scan(kNs, "", [&](std::string_view key, std::string_view value) {
        EXPECT_EQ(get(same, key), value) << key;
        return true;
      });
    });
  }
}

TEST_P(StoreConformance, ABulkChangeIsAConflictWhereItChanges) {
  open(small_bulks());
  View& v = view(0);
  const auto import = [&](int from, std::string_view value) {
    Import1 entries(*store_, kNs);
    for (int i = from; i < from + 20; ++i) entries.add(key_of(i), value);
    ASSERT_TRUE(entries.commit());
  };
  import(0, "1");
  EXPECT_EQ(cores_.await(0, [&] { return count_many(v, "id/"); }), 20U);
  const auto meets = [&](auto read, auto change) {
    return cores_.on(0, [&] {
      Transaction t(v);
      read(t);
      t.put("other", "x");
      change();
      return v.commit(t).status == CommitStatus::conflict;
    });
  };
  EXPECT_TRUE(meets([](Transaction& t) { (void)t.get(key_of(3)); }, [&] { import(0, "2"); }));
  EXPECT_TRUE(meets([](Transaction& t) { (void)t.get(key_of(30)); }, [&] { import(20, "2"); }));
  EXPECT_TRUE(meets([](Transaction& t) { (void)t.count("id/"); }, [&] { import(40, "2"); }));
  EXPECT_TRUE(meets([](Transaction& t) { (void)t.get(key_of(50)); },
                    [&] { ASSERT_TRUE(store_->erase_all(kNs, "id/5")); }));
  EXPECT_FALSE(meets([](Transaction& t) { (void)t.get(key_of(3)); },
                     [&] { ASSERT_TRUE(store_->erase_all(kNs, "id/4")); }));
}

// The first count of a prefix among many keys, while keys are added and removed.
TEST_P(StoreConformance, AFirstCountIsExactWhileKeysChange) {
  open(small_bulks());
  constexpr int kKeys = 5000;
  Import1 import(*store_, kNs);
  for (int i = 0; i < kKeys; ++i) import.add(key_of(i), "v");
  ASSERT_TRUE(import.commit());
  for (int round = 0; round < 20; ++round) {
    const std::string prefix = key_of(round);
    std::vector<std::future<std::uint64_t>> counts;
    for (unsigned core = 0; core < cores_.count(); ++core) {
      View& v = view(core);
      cores_.on(core, [&] { put(v, prefix + "/" + std::to_string(core), "v"); });
      counts.push_back(cores_.start(core, [&v, prefix] { return count_many(v, prefix); }));
      cores_.on(core, [&] { put(v, prefix + "/x" + std::to_string(core), "v"); });
    }
    for (auto& count : counts) (void)count.get();
    const auto expected = store_->count(kNs, prefix);
    for (unsigned core = 0; core < cores_.count(); ++core) {
      on(core, [&](View& v) { EXPECT_EQ(count(v, prefix), expected) << prefix; });
    }
  }
}

TEST_P(StoreConformance, WhatIsNotCountedYetSaysSo) {
  open(small_bulks());
  std::vector<Entry> entries;
  for (int i = 0; i < 50; ++i) entries.push_back({key_of(i), "v"});
  ASSERT_TRUE(store_->apply(kNs, entries));
  View& v = view(0);
  cores_.on(0, [&] {
    Transaction t(v);
    (void)t.count("id/4");
    EXPECT_TRUE(t.uncounted());
    EXPECT_TRUE(t.stale());
    EXPECT_EQ(v.commit(t).status, CommitStatus::uncounted);
  });
  EXPECT_TRUE(cores_.await(0, [&] { return v.counted(in(std::chrono::seconds(20))); }));
  cores_.on(0, [&] {
    Transaction t(v);
    EXPECT_EQ(t.count("id/4"), 11U);
    EXPECT_FALSE(t.uncounted());
    EXPECT_EQ(v.commit(t).status, CommitStatus::committed);
  });
}

TEST_P(StoreConformance, ABulkChangeOfANamespaceWithoutViews) {
  open(small_bulks());
  Import1 import(*store_, "a/b");
  for (int i = 0; i < 50; ++i) import.add(key_of(i), "v");
  ASSERT_TRUE(import.commit());
  ASSERT_TRUE(store_->erase_all("a/b", "id/4"));
  EXPECT_EQ(store_->count("a/b", ""), 39U);
  ASSERT_TRUE(store_->prepare("a/b"));
  View& v = cores_.on(0, [&]() -> View& { return store_->view(cores_.core(0), "a/b"); });
  EXPECT_EQ(cores_.await(0, [&] { return count_many(v, "id/"); }), 39U);
}

}  // namespace sluice::store
