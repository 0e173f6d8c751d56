// SPDX-License-Identifier: Apache-2.0
// For tests: what the suite of conformance_ownership.h works with: a store that shares its medium
// with another process.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "store/testing/contest.h"
#include "store/testing/test_cores.h"

namespace sluice::store {

struct SharedBackend {
  std::string name;
  struct Opened {
    std::unique_ptr<Store> store;
    Contest* contest = nullptr;  // lives as long as the store, or as `keeper`
    std::shared_ptr<void> keeper;
  };
  std::function<Opened(unsigned core_count, const Limits& limits)> open;
  bool follows = false;  // the store follows what the other process writes
};

class SharedConformance : public testing::TestWithParam<SharedBackend> {
 protected:
  static constexpr const char* kNs = "flash-sale/wasm";
  using Learns = Contest::Learns;

  void SetUp() override {
    Limits limits;
    limits.bulk_entries_min = 20;
    limits.keys_counted_at_once = 5;
    auto opened = GetParam().open(cores_.count(), limits);
    store_ = std::move(opened.store);
    contest_ = opened.contest;
    keeper_ = std::move(opened.keeper);
    ASSERT_TRUE(store_->prepare(kNs));
    for (unsigned i = 0; i < cores_.count(); ++i) {
      views_.push_back(&cores_.on(i, [&]() -> View& { return store_->view(cores_.core(i), kNs); }));
    }
  }
  Commit put_on(unsigned core, const std::string& key, const std::string& value) {
    return cores_.on(core, [&] { return put(*views_[core], key, value); });
  }
  std::optional<std::string> get_on(unsigned core, const std::string& key) {
    return cores_.on(core, [&] { return get(*views_[core], key); });
  }
  // "durable", "lost", or the message of the error.
  std::string fate(unsigned core, Version version) {
    const auto waited = cores_.await(
        core, [&] { return views_[core]->durable(version, in(std::chrono::seconds(20))); });
    return name(waited);
  }
  static std::string name(const Result<void>& waited) {
    if (waited) return "durable";
    return waited.error().kind == ErrorKind::lost ? "lost" : waited.error().message;
  }
  std::string confirmed(unsigned core, View::Moment moment) {
    const auto waited = cores_.await(
        core, [&] { return views_[core]->confirmed(moment, 0, in(std::chrono::seconds(20))); });
    return name(waited);
  }
  void told(unsigned core, const std::string& key, const std::string& value) {
    const Commit commit = put_on(core, key, value);
    ASSERT_EQ(commit.status, CommitStatus::committed);
    ASSERT_EQ(fate(core, commit.version), "durable");
  }
  // What runs of a view may do that does not own the namespace.
  void reads_only(unsigned core) {
    while (!cores_.on(core, [&] { return views_[core]->follows(); })) std::this_thread::yield();
    cores_.on(core, [&] {
      EXPECT_FALSE(views_[core]->owned());
      Transaction t(*views_[core]);
      EXPECT_EQ(t.get("safe"), "1");
      (void)t.count("never counted/");
      const Commit read = views_[core]->commit(t);
      EXPECT_EQ(read.status, CommitStatus::committed);
      EXPECT_TRUE(views_[core]->is_durable(read.version));
      t.put("new", "1");
      EXPECT_EQ(views_[core]->commit(t).status, CommitStatus::not_owner);
    });
  }
  void does_nothing(unsigned core) {
    cores_.on(core, [&] {
      EXPECT_FALSE(views_[core]->follows());
      Transaction t(*views_[core]);
      (void)t.get("safe");
      EXPECT_TRUE(t.stale());
      EXPECT_EQ(views_[core]->commit(t).status, CommitStatus::not_owner);
      t.restart();
      (void)t.count("never counted/");
      EXPECT_EQ(views_[core]->commit(t).status, CommitStatus::not_owner);
    });
    const auto counted =
        cores_.await(core, [&] { return views_[core]->counted(in(std::chrono::seconds(20))); });
    ASSERT_FALSE(counted);
    EXPECT_EQ(counted.error().kind, ErrorKind::lost);
    auto turn =
        cores_.await(core, [&] { return views_[core]->turn(in(std::chrono::seconds(20))); });
    ASSERT_FALSE(turn);
    EXPECT_EQ(turn.error().kind, ErrorKind::lost);
  }
  bool owned_again(unsigned core, Duration patience = std::chrono::seconds(20)) {
    return cores_.await(core, [&] { return views_[core]->ownership(in(patience)); }).has_value();
  }
  bool all_own_again() { return owned_again(0) && owned_again(1) && owned_again(2); }
  void change(const std::string& key, const std::string& value) {
    (void)contest_->change(kNs, [&](Contest::Entries& entries) { entries[key] = value; });
  }
  // The other process takes over, and the store notices when it writes.
  void lose() {
    contest_->take(kNs, Learns::by_itself);
    EXPECT_EQ(fate(0, put_on(0, "in vain", "1").version), "lost");
  }
  std::map<std::string, std::string> contents() {
    std::map<std::string, std::string> all;
    EXPECT_TRUE(store_->scan(kNs, "", [&](std::string_view key, std::string_view value) {
      all.emplace(key, value);
      return true;
    }));
    return all;
  }
  using Contents = std::map<std::string, std::string>;
  // Reads "owner", and again until the medium has confirmed the read.
  static Task<std::optional<std::string>> see_last_owner(View& view) {
    const TimePoint deadline = in(std::chrono::seconds(20));
    while (true) {
      const auto owned = co_await view.ownership(deadline);
      if (!owned) co_return owned.error().message;
      View::Moment moment = view.moment();
      Transaction run(view);
      const auto value = run.get("owner");
      const std::optional<std::string> seen(value);
      const Commit read = view.commit(run);
      if (read.status != CommitStatus::committed) continue;
      const auto confirmed = co_await view.confirmed(moment, read.version, deadline);
      if (confirmed) co_return seen;
      const ErrorKind kind = confirmed.error().kind;
      if (kind != ErrorKind::lost && kind != ErrorKind::conflict) {
        co_return confirmed.error().message;
      }
    }
  }

  std::shared_ptr<void> keeper_;
  TestCores cores_{3};
  std::unique_ptr<Store> store_;
  Contest* contest_ = nullptr;
  std::vector<View*> views_;
};

}  // namespace sluice::store
