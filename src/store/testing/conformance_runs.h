// SPDX-License-Identifier: Apache-2.0
// Isolation: a run's view of the store, and the effects of a run on others.
#pragma once

#include "store/testing/conformance.h"

namespace sluice::store {

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

TEST_P(StoreConformance, ContainsLooksAtTheEndOfTheChain) {
  (void)view(1);
  on(0, [](View& v) {
    EXPECT_FALSE(v.contains("id/a"));
    Transaction open(v);
    EXPECT_EQ(open.get("id/a"), std::nullopt);
    put(v, "id/a", "1");
    EXPECT_TRUE(v.contains("id/a"));
    EXPECT_FALSE(v.contains("id/"));
    open.put("x", "1");
    EXPECT_EQ(v.commit(open).status, CommitStatus::conflict) << "contains() is no part of a run";
  });
  on(1, [](View& v) {
    EXPECT_TRUE(v.contains("id/a"));
    Transaction t(v);
    t.erase("id/a");
    EXPECT_TRUE(v.contains("id/a"));
    EXPECT_EQ(v.commit(t).status, CommitStatus::committed);
  });
  on(0, [](View& v) { EXPECT_FALSE(v.contains("id/a")); });
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

// A response that reports the absence must not leave before the removal is durable.
TEST_P(StoreConformance, AKeyThatCameAndWentIsAbsentSinceItWent) {
  on(0, [](View& v) {
    Transaction reader(v);
    EXPECT_EQ(reader.get("guest"), std::nullopt);
    Transaction both(v);
    both.put("guest", "1");
    both.put("host", "1");
    EXPECT_EQ(v.commit(both).status, CommitStatus::committed);
    Transaction leave(v);
    leave.erase("guest");
    const Version gone = v.commit(leave).version;
    EXPECT_EQ(reader.get("host"), "1");
    const Commit commit = v.commit(reader);
    EXPECT_EQ(commit.status, CommitStatus::committed);
    EXPECT_EQ(commit.version, gone);
  });
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
  store_.reset();
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
  EXPECT_EQ(store_->apply(kNs, {{"123456789", ""}}).error().kind, ErrorKind::too_large);
}

}  // namespace sluice::store
