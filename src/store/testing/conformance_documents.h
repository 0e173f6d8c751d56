// SPDX-License-Identifier: Apache-2.0
// The conformance suite for versions of documents, changes that expect one, and the watch.
#pragma once

#include <atomic>
#include <map>
#include <thread>
#include <utility>

#include "store/testing/conformance.h"

namespace sluice::store {

class DocumentConformance : public StoreConformance {
 protected:
  using Changes = std::vector<DocumentChange>;
  Version change(const Changes& changes) {
    const auto made = store_->change_documents(changes);
    EXPECT_TRUE(made) << made.error().message;
    return made.value_or(0);
  }
  // Makes a change that must be refused, and returns its mismatch.
  DocumentMismatch refused(const Changes& changes) {
    const auto made = store_->change_documents(changes);
    EXPECT_FALSE(made);
    if (made || !made.error().mismatch) return {"none", "none", 0};
    EXPECT_EQ(made.error().kind, ErrorKind::conflict);
    return *made.error().mismatch;
  }
  std::optional<Document> document(const std::string& key) {
    const auto documents = store_->documents("objects");
    for (const Document& found : documents->entries) {
      if (found.key == key) return found;
    }
    return std::nullopt;
  }
  // "change collection/key=value …" for each event after `after`; changes are counted from 1.
  std::string news(Version after) {
    const auto found = store_->document_news(after, in(std::chrono::milliseconds(0)));
    if (!found) return found.error().message;
    if (found->read_anew) return "read anew";
    std::string text;
    Version last = after;
    int changes = 0;
    for (const auto& [version, event] : found->events) {
      EXPECT_GE(version, last);
      if (version != std::exchange(last, version)) ++changes;
      text += std::to_string(changes) + " " + event.collection + "/" + event.key + "=" +
              event.value.value_or("(gone)") + " ";
    }
    return text;
  }
};

TEST_P(DocumentConformance, AChangeMayExpectAVersion) {
  const Version first = change({{"objects", "a", "1", 0}});
  EXPECT_GT(first, 0U);
  EXPECT_EQ(document("a")->version, first);
  EXPECT_EQ(refused({{"objects", "a", "2", 0}}).version, first) << "it is there";
  EXPECT_EQ(refused({{"objects", "a", "2", first + 1}}).version, first);
  EXPECT_EQ(refused({{"objects", "b", "2", first}}).version, 0U) << "there is none";
  const Version second = change({{"objects", "a", "2", first}, {"others", "x", "1"}});
  EXPECT_GT(second, first);
  EXPECT_EQ(document("a")->value, "2");
  EXPECT_EQ(refused({{"objects", "a", std::nullopt, first}}).version, second);
  const Version third = change({{"objects", "b", "1"}});
  EXPECT_EQ(document("a")->version, second) << "changes of others leave it";
  change({{"objects", "a", std::nullopt, second}});
  EXPECT_EQ(document("a"), std::nullopt);
  EXPECT_GT(change({{"objects", "a", "3", 0}}), third) << "never the same version again";
}

TEST_P(DocumentConformance, AWrongExpectationRefusesTheWholeChange) {
  const Version version = change({{"objects", "a", "1"}, {"objects", "b", "1"}});
  const auto mismatch = refused({{"objects", "new", "2"},
                                 {"objects", "a", "2", version},
                                 {"objects", "b", std::nullopt, version + 7},
                                 {"others", "c", "2", 0}});
  EXPECT_EQ(mismatch.collection, "objects");
  EXPECT_EQ(mismatch.key, "b");
  EXPECT_EQ(mismatch.version, version);
  const auto documents = store_->documents("objects");
  EXPECT_EQ(documents->version, version);
  ASSERT_EQ(documents->entries.size(), 2U);
  EXPECT_EQ(documents->entries[0].value, "1");
  EXPECT_TRUE(store_->documents("others")->entries.empty());
  EXPECT_EQ(news(version), "") << "a refused change is no news";
  EXPECT_GT(change({{"objects", "a", "2", version}}), version);
}

// One of the changes that expect the same version is made.
TEST_P(DocumentConformance, ExpectationsCountExactly) {
  change({{"objects", "n", "0"}});
  constexpr int kThreads = 4;
  constexpr int kEach = 25;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([this] {
      for (int done = 0; done < kEach;) {
        const auto seen = document("n");
        const std::string next = std::to_string(std::stoi(seen->value) + 1);
        const Changes changes{{"objects", "n", next, seen->version}};
        if (store_->change_documents(changes)) ++done;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(document("n")->value, std::to_string(kThreads * kEach));
}

TEST_P(DocumentConformance, AWatchSeesEveryChangeInOrder) {
  const Version start = store_->documents("objects")->version;
  EXPECT_EQ(news(start), "");
  const Version first = change({{"objects", "a", "1"}, {"pins", "a", "x"}});
  const Version second = change({{"objects", "a", std::nullopt}});
  EXPECT_EQ(news(start), "1 objects/a=1 1 pins/a=x 2 objects/a=(gone) ");
  EXPECT_EQ(news(first), "1 objects/a=(gone) ");
  EXPECT_EQ(news(second), "");
  EXPECT_EQ(news(second + 1), "read anew") << "a version of another store";
}

TEST_P(DocumentConformance, AWatchHasNoGapWhileManyChange) {
  const Version start = store_->documents("objects")->version;
  constexpr int kChanges = 200;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([this, i] {
      for (int n = 0; n < kChanges / 2; ++n) {
        const std::string key = std::to_string(i) + "/" + std::to_string(n);
        change({{"objects", key, "1"}, {"objects", "last", key}});
      }
    });
  }
  std::map<std::string, std::string> copy;
  Version version = start;
  for (int changes = 0; changes < kChanges;) {
    const auto found = store_->document_news(version, in(std::chrono::seconds(20)));
    ASSERT_TRUE(found);
    ASSERT_FALSE(found->read_anew);
    ASSERT_FALSE(found->events.empty()) << "it waits for the next one";
    for (std::size_t i = 0; i < found->events.size(); ++i) {
      const auto& event = found->events[i];
      const bool first = i % 2 == 0;  // of the two of a change
      EXPECT_GT(event.version, first && i > 0 ? found->events[i - 1].version : version);
      if (!first) {
        EXPECT_EQ(event.version, found->events[i - 1].version);
        ++changes;
      }
      copy[event.change.key] = *event.change.value;
    }
    version = found->version;
  }
  for (auto& thread : threads) thread.join();
  const auto documents = store_->documents("objects");
  EXPECT_EQ(documents->version, version);
  EXPECT_EQ(documents->entries.size(), copy.size());
  for (const Document& found : documents->entries) EXPECT_EQ(copy[found.key], found.value);
}

// After each change it waits for the next one. A watch that nobody wakes also returns the change,
// but only at its deadline.
TEST_P(DocumentConformance, AWatchThatWaitsIsWokenByAChange) {
  const Version start = store_->documents("objects")->version;
  const TimePoint deadline = in(std::chrono::seconds(20));
  constexpr Version kChanges = 50;
  std::atomic<Version> seen = start;
  std::thread watcher([&] {
    while (seen < start + kChanges) {
      const auto found = store_->document_news(seen, deadline);
      EXPECT_TRUE(found);
      seen = found ? found->version : start + kChanges;
      seen.notify_one();
    }
  });
  for (Version version = start; version < start + kChanges; ++version) {
    change({{"objects", "a", std::to_string(version)}});
    seen.wait(version);
  }
  watcher.join();
  EXPECT_LT(Clock::now(), deadline);
}

TEST_P(DocumentConformance, AWatchThatIsFarBehindReadsAnew) {
  const Version start = store_->documents("objects")->version;
  const std::string big(1 << 20, 'x');
  for (int i = 0; i < 20; ++i) change({{"objects", "big", big}});
  EXPECT_EQ(news(start), "read anew");
  const Version version = store_->documents("objects")->version;
  EXPECT_EQ(news(version), "");
  change({{"objects", "a", "1"}});
  EXPECT_EQ(news(version), "1 objects/a=1 ");
}

TEST_P(DocumentConformance, AWatchEndsWithTheStore) {
  const Version start = store_->documents("objects")->version;
  const TimePoint deadline = in(std::chrono::seconds(20));
  std::thread watcher([&] { EXPECT_FALSE(store_->document_news(start, deadline)); });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  store_->close();
  watcher.join();
  EXPECT_LT(Clock::now(), deadline) << "not only at its end";
}

}  // namespace sluice::store
