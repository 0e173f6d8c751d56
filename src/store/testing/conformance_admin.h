// SPDX-License-Identifier: Apache-2.0
// Administration: listing, changing and clearing, and documents.
#pragma once

#include <algorithm>

#include "store/testing/conformance.h"

namespace sluice::store {

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
  const auto status = store_->status(kNs);
  EXPECT_EQ(status.keys, 1U);
  EXPECT_EQ(status.durable, version);
  EXPECT_EQ(status.committed, version);
  EXPECT_EQ(store_->health(), "");
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
  ASSERT_TRUE(store_->apply(kNs, entries));
  const auto with_prefix = listed("id/", 7);
  EXPECT_EQ(with_prefix, std::vector<std::string>(expected.begin(), expected.end()));
  EXPECT_EQ(listed("\xff", 7), std::vector<std::string>{"\xff\xff"});
  EXPECT_EQ(listed({}, 100).size(), 1003U);
  EXPECT_EQ(store_->count(kNs, "id/"), 1000U);
  EXPECT_EQ(store_->count(kNs, "\xff"), 1U);
  EXPECT_EQ(store_->count(kNs, ""), 1003U);
  const auto page = store_->list(kNs, "id/", "aaa", 1000);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->entries.size(), 1000U);
  EXPECT_FALSE(page->more);
}

TEST_P(StoreConformance, APageHoldsAtMostItsLimit) {
  ASSERT_TRUE(store_->apply(kNs, {{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}}));
  for (const std::size_t limit : {1U, 2U, 3U, 4U, 5U}) {
    const auto page = store_->list(kNs, "", {}, limit);
    ASSERT_TRUE(page);
    EXPECT_EQ(page->entries.size(), std::clamp<std::size_t>(limit, 2, 4)) << limit;
    EXPECT_EQ(page->more, limit < 4) << limit;
  }
}

TEST_P(StoreConformance, ScansAVersionInKeyOrder) {
  const auto import = store_->begin_import(kNs);
  ASSERT_TRUE(import);
  for (int i = 9; i >= 0; --i) ASSERT_TRUE((*import)->add("id/" + std::to_string(i), "v"));
  ASSERT_TRUE((*import)->add("other", "v"));
  ASSERT_TRUE((*import)->add("id/3", "the last one counts"));
  EXPECT_EQ((*import)->size(), 12U);
  EXPECT_EQ(store_->count(kNs, ""), 0U) << "not yet committed";
  ASSERT_TRUE((*import)->commit());
  std::vector<std::string> seen;
  const auto version = store_->scan(kNs, "id/", [&](std::string_view key, std::string_view value) {
    seen.emplace_back(key);
    if (key == "id/3") {
      EXPECT_EQ(value, "the last one counts");
      EXPECT_TRUE(store_->apply(kNs, {{"id/5x", "too late for this scan"}}));
    }
    return key != "id/8";
  });
  ASSERT_TRUE(version);
  EXPECT_EQ(*version + 1, store_->status(kNs).durable);
  EXPECT_EQ(seen, (std::vector<std::string>{"id/0", "id/1", "id/2", "id/3", "id/4", "id/5", "id/6",
                                            "id/7", "id/8"}));
}

TEST_P(StoreConformance, AnImportThatIsDroppedLeavesNoTrace) {
  {
    const auto import = store_->begin_import(kNs);
    ASSERT_TRUE(import);
    ASSERT_TRUE((*import)->add("k", "v"));
  }
  EXPECT_EQ(store_->count(kNs, ""), 0U);
}

TEST_P(StoreConformance, AdministrationIsATransactionToo) {
  on(0, [&](View& v) { EXPECT_EQ(count(v, "id/"), 0U); });
  View& admin_seen = view(1);
  on(0, [&](View& v) {
    Transaction t(v);
    EXPECT_EQ(t.count("id/"), 0U);
    t.put("x", "1");
    ASSERT_TRUE(store_->apply(kNs, {{"id/1", "a"}, {"id/2", "b"}, {"keep", "c"}, {"id/1", "d"}}));
    EXPECT_EQ(v.commit(t).status, CommitStatus::conflict);
    EXPECT_EQ(count(v, "id/"), 2U);
    EXPECT_EQ(get(v, "id/1"), "d");
  });
  cores_.on(1, [&] { EXPECT_EQ(count(admin_seen, "id/"), 2U); });
  ASSERT_TRUE(store_->erase_all(kNs, "id/"));
  on(0, [](View& v) {
    EXPECT_EQ(count(v, "id/"), 0U);
    EXPECT_EQ(get(v, "keep"), "c");
  });
  EXPECT_EQ(listed(), std::vector<std::string>{"keep"});
  ASSERT_TRUE(store_->erase_all(kNs, ""));
  on(1, [](View& v) {
    EXPECT_EQ(get(v, "keep"), std::nullopt);
    EXPECT_EQ(count(v, ""), 0U);
  });
  EXPECT_TRUE(listed().empty());
}

TEST_P(StoreConformance, ANamespaceWithoutViewsWorks) {
  ASSERT_TRUE(store_->apply("a/b", {{"k", "v"}}));
  EXPECT_EQ(store_->count("a/b", ""), 1U);
  EXPECT_EQ(store_->count("never/used", ""), 0U);
  EXPECT_TRUE(store_->list("never/used", "", "", 10)->entries.empty());
  EXPECT_EQ(store_->status("a/b").keys, 1U);
  ASSERT_TRUE(store_->prepare("a/b"));
  ASSERT_TRUE(store_->prepare("a/b"));
  ASSERT_TRUE(store_->apply("a/b", {{"k2", "v2"}}));
  cores_.on(0, [&] {
    View& v = store_->view(cores_.core(0), "a/b");
    EXPECT_EQ(&v, &store_->view(cores_.core(0), "a/b"));
    EXPECT_EQ(get(v, "k"), "v");
    EXPECT_EQ(get(v, "k2"), "v2");
    EXPECT_EQ(count(v, "k"), 2U);
  });
  on(0, [](View& v) { EXPECT_EQ(get(v, "k"), std::nullopt); });
  ASSERT_TRUE(store_->erase_all("a/b", ""));
  EXPECT_EQ(store_->count("a/b", ""), 0U);
}

TEST_P(StoreConformance, KeepsDocuments) {
  const auto change = [this](std::vector<DocumentChange> changes) {
    return store_->change_documents(changes).has_value();
  };
  ASSERT_TRUE(change({{"objects", "b", "{}"}, {"objects", "a", "1"}, {"others", "c", ""}}));
  ASSERT_TRUE(change({{"objects", "a", "2"}}));
  auto documents = store_->documents("objects");
  ASSERT_TRUE(documents);
  ASSERT_EQ(documents->entries.size(), 2U);
  EXPECT_EQ(documents->entries[0].key, "a");
  EXPECT_EQ(documents->entries[0].value, "2");
  ASSERT_TRUE(change({{"objects", "a", std::nullopt}, {"objects", "absent", std::nullopt}}));
  EXPECT_EQ(store_->documents("objects")->entries.size(), 1U);
  EXPECT_EQ(store_->documents("others")->entries.size(), 1U);
  EXPECT_TRUE(store_->documents("none")->entries.empty());
}

}  // namespace sluice::store
