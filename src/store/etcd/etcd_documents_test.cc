// SPDX-License-Identifier: Apache-2.0
// Covers: documents.cc
// Documents that several members change, on a real etcd.
#include <gtest/gtest.h>

#include <atomic>

#include "store/etcd/testing/etcd_medium_fixture.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

class EtcdDocumentsTest : public EtcdMediumTest {
 protected:
  void SetUp() override {
    open();
    two_ = member("two");
    ASSERT_EQ(two_.trouble, "");
  }
  Version change(Store& its, const std::string& key, const std::string& value) {
    const auto made = its.change_documents(std::vector<DocumentChange>{{"objects", key, value}});
    EXPECT_TRUE(made) << made.error().message;
    return made.value_or(0);
  }
  std::string text_of(Store& its, const std::string& key) {
    const auto documents = its.documents("objects");
    EXPECT_TRUE(documents);
    for (const Document& document : documents->entries) {
      if (document.key == key) return document.value;
    }
    return "absent";
  }
  // The next news: "key=value ..." or "read anew".
  std::string next_news(Store& its, Version& version) {
    const auto news = its.document_news(version, in(20s));
    EXPECT_TRUE(news);
    version = news->version;
    if (news->read_anew) return "read anew";
    std::string text;
    for (const auto& event : news->events) {
      text += event.change.key + "=" + event.change.value.value_or("(gone)") + " ";
    }
    return text;
  }
  EtcdStore two_;
};

TEST_F(EtcdDocumentsTest, EachMemberSeesTheChangesOfTheOthers) {
  Version seen = two_.store->documents("objects")->version;
  const Version first = change(store(), "a", "1");
  EXPECT_EQ(next_news(*two_.store, seen), "a=1 ");
  EXPECT_EQ(seen, first);
  EXPECT_EQ(text_of(*two_.store, "a"), "1");
  const std::vector<DocumentChange> late{{"objects", "a", "2", 0}};
  const auto refused = two_.store->change_documents(late);
  ASSERT_FALSE(refused);
  ASSERT_TRUE(refused.error().mismatch);
  EXPECT_EQ(refused.error().mismatch->version, first);
  const std::vector<DocumentChange> both{{"objects", "a", std::nullopt, first},
                                         {"objects", "b", "1", 0}};
  ASSERT_TRUE(two_.store->change_documents(both));
  Version own = first;
  EXPECT_EQ(next_news(store(), own), "a=(gone) b=1 ");
}

// Both count the same document.
TEST_F(EtcdDocumentsTest, MembersThatExpectAVersionCountExactly) {
  change(store(), "n", "0");
  std::vector<std::thread> threads;
  for (Store* its : {opened_.store.get(), two_.store.get()}) {
    threads.emplace_back([its] {
      for (int done = 0; done < 20;) {
        const auto documents = its->documents("objects");
        const Document& seen = documents->entries.at(0);
        const std::vector<DocumentChange> next{
            {"objects", "n", std::to_string(std::stoi(seen.value) + 1), seen.version}};
        if (its->change_documents(next)) ++done;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(text_of(store(), "n"), "40");
}

TEST_F(EtcdDocumentsTest, AChangeWhoseAnswerIsLostIsMadeOnce) {
  std::atomic<int> copies = 0;
  KvFaults::Chosen chosen = faults().choose([&](const pb::TxnRequest& txn) {
    return is_change(txn) && copies++ < 2 ? KvFault::answer_lost : KvFault::none;
  });
  const Version before = store().documents("objects")->version;
  const Version made = change(store(), "a", "1");
  EXPECT_EQ(copies, 3);
  const auto documents = store().documents("objects");
  EXPECT_EQ(documents->version, made);
  EXPECT_EQ(documents->entries.at(0).version, made);
  const auto news = store().document_news(before, in(20s));
  ASSERT_TRUE(news);
  EXPECT_EQ(news->events.size(), 1U);
}

// The change was made, and another one came before its second copy.
TEST_F(EtcdDocumentsTest, AChangeThatIsOvertakenIsNotMadeAgain) {
  std::atomic<int> copies = 0;
  KvFaults::Chosen chosen = faults().choose([&](const pb::TxnRequest& txn) {
    if (!is_change(txn) || copies++ > 0) return KvFault::none;
    return KvFault::answer_lost;
  });
  std::atomic<bool> overtaken = false;
  std::thread other([&] {
    ASSERT_TRUE(comes_true([&] { return text_of(*two_.store, "a") == "1"; }));
    change(*two_.store, "a", "2");
    overtaken = true;
  });
  (void)change(store(), "a", "1");
  other.join();
  EXPECT_TRUE(overtaken);
  EXPECT_EQ(text_of(store(), "a"), "2");
}

TEST_F(EtcdDocumentsTest, AHistoryThatIsCompactedIsReadAnew) {
  etcd::testing::EtcdProcesses own;
  options_.endpoints = own.endpoints();
  EtcdStore three = member("three");
  ASSERT_EQ(three.trouble, "");
  EtcdRival rival(options_, three.faults);
  Version seen = change(*three.store, "a", "1");
  // While the watch is away.
  three.faults->refuse_watches(true);
  three.faults->end_watches();
  ASSERT_TRUE(comes_true([&] { return three.faults->watches() == 0; }));
  rival.put(rival.keys().document("objects", "b"), "by hand");
  rival.put(rival.keys().document("objects", "b"), "by hand again");
  rival.compact();
  three.faults->refuse_watches(false);
  (void)change(*three.store, "c", "1");
  EXPECT_EQ(next_news(*three.store, seen), "read anew");
  EXPECT_EQ(text_of(*three.store, "b"), "by hand again");
}

TEST_F(EtcdDocumentsTest, AChangeMayNameADocumentTwice) {
  const std::vector<DocumentChange> twice{{"objects", "a", "1"}, {"objects", "a", "2"}};
  ASSERT_TRUE(store().change_documents(twice));
  EXPECT_EQ(text_of(*two_.store, "a"), "2");
}

TEST_F(EtcdDocumentsTest, ManyDocumentsAreOneChange) {
  std::vector<DocumentChange> many;
  for (int i = 0; i < 1000; ++i) many.push_back({"objects", std::to_string(i), "1", 0});
  ASSERT_TRUE(store().change_documents(many));
  EXPECT_EQ(two_.store->documents("objects")->entries.size(), 1000U);
  EXPECT_EQ(store().change_documents(many).error().kind, ErrorKind::conflict);
  const std::vector<DocumentChange> long_one{
      {"objects", "a", std::string(kGroupBytesMax + 1, 'x')}};
  EXPECT_EQ(store().change_documents(long_one).error().kind, ErrorKind::too_large);
}

}  // namespace
}  // namespace sluice::store
