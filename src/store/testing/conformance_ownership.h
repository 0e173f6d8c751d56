// SPDX-License-Identifier: Apache-2.0
// The conformance suite of a store that shares its medium with another process: told commits stay,
// commits that are not durable are lost, and no run mixes the states of two owners. A backend's
// test instantiates SharedConformance with a function that opens its store.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "store/testing/contest.h"
#include "store/testing/test_cores.h"

namespace sluice::store {

struct SharedBackend {
  std::string name;
  struct Opened {
    std::unique_ptr<Store> store;
    Contest* contest = nullptr;  // lives as long as the store
  };
  std::function<Opened(unsigned core_count, const Limits& limits)> open;
};

class SharedConformance : public testing::TestWithParam<SharedBackend> {
 protected:
  static constexpr const char* kNs = "flash-sale/wasm";
  using Learns = Contest::Learns;

  void SetUp() override {
    Limits limits;
    limits.bulk_entries_min = 20;
    limits.keys_counted_at_once = 5;
    auto opened = GetParam().open(cores.count(), limits);
    store = std::move(opened.store);
    contest = opened.contest;
    ASSERT_TRUE(store->prepare(kNs));
    for (unsigned i = 0; i < cores.count(); ++i) {
      views.push_back(&cores.on(i, [&]() -> View& { return store->view(cores.core(i), kNs); }));
    }
  }
  Commit put_on(unsigned core, const std::string& key, const std::string& value) {
    return cores.on(core, [&] { return put(*views[core], key, value); });
  }
  std::optional<std::string> get_on(unsigned core, const std::string& key) {
    return cores.on(core, [&] { return get(*views[core], key); });
  }
  // "durable", "lost", or the message of the error.
  std::string fate(unsigned core, Version version) {
    const auto waited = cores.await(
        core, [&] { return views[core]->durable(version, in(std::chrono::seconds(20))); });
    return name(waited);
  }
  static std::string name(const Result<void>& waited) {
    if (waited) return "durable";
    return waited.error().kind == ErrorKind::lost ? "lost" : waited.error().message;
  }
  std::string confirmed(unsigned core, View::Moment moment) {
    const auto waited = cores.await(
        core, [&] { return views[core]->confirmed(moment, in(std::chrono::seconds(20))); });
    return name(waited);
  }
  void told(unsigned core, const std::string& key, const std::string& value) {
    const Commit commit = put_on(core, key, value);
    ASSERT_EQ(commit.status, CommitStatus::committed);
    ASSERT_EQ(fate(core, commit.version), "durable");
  }
  bool owned_again(unsigned core, Duration patience = std::chrono::seconds(20)) {
    return cores.await(core, [&] { return views[core]->ownership(in(patience)); }).has_value();
  }
  bool all_own_again() { return owned_again(0) && owned_again(1) && owned_again(2); }
  void change(const std::string& key, const std::string& value) {
    (void)contest->change(kNs, [&](Contest::Entries& entries) { entries[key] = value; });
  }
  // The other process takes over, and the store notices when it writes.
  void lose() {
    contest->take(kNs, Learns::by_itself);
    EXPECT_EQ(fate(0, put_on(0, "in vain", "1").version), "lost");
  }
  std::map<std::string, std::string> contents() {
    std::map<std::string, std::string> all;
    EXPECT_TRUE(store->scan(kNs, "", [&](std::string_view key, std::string_view value) {
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
      const View::Moment moment = view.moment();
      const auto seen = get(view, "owner");
      const auto confirmed = co_await view.confirmed(moment, deadline);
      if (confirmed) co_return seen;
      if (confirmed.error().kind != ErrorKind::lost) co_return confirmed.error().message;
    }
  }

  TestCores cores{3};
  std::unique_ptr<Store> store;
  Contest* contest = nullptr;
  std::vector<View*> views;
};

TEST_P(SharedConformance, ALossEndsEveryWaitAndNothingThatWasTold) {
  for (const Learns learns : {Learns::by_itself, Learns::by_news}) {
    told(0, "safe", "1");
    contest->take(kNs, learns);
    const Commit first = put_on(0, "k", "1");
    if (learns == Learns::by_itself) {
      ASSERT_EQ(first.status, CommitStatus::committed) << "the store does not know yet";
      const Commit behind = put_on(1, "k2", "1");  // the store may know it by now
      EXPECT_EQ(fate(1, first.version), "lost");
      EXPECT_EQ(fate(0, first.version), "lost") << "asked afterwards";
      if (behind.status == CommitStatus::committed) {
        EXPECT_EQ(fate(2, behind.version), "lost");
      }
    }
    for (unsigned core = 0; core < cores.count(); ++core) {
      while (cores.on(core, [&] { return views[core]->owned(); })) std::this_thread::yield();
      EXPECT_EQ(put_on(core, "new", "1").status, CommitStatus::not_owner);
      cores.on(core, [&] {
        Transaction t(*views[core]);
        (void)t.get("safe");
        EXPECT_TRUE(t.stale());
        EXPECT_EQ(views[core]->commit(t).status, CommitStatus::not_owner);
        t.restart();
        (void)t.count("never counted/");
        EXPECT_EQ(views[core]->commit(t).status, CommitStatus::not_owner);
      });
      const auto counted =
          cores.await(core, [&] { return views[core]->counted(in(std::chrono::seconds(20))); });
      ASSERT_FALSE(counted);
      EXPECT_EQ(counted.error().kind, ErrorKind::lost);
      EXPECT_FALSE(owned_again(core, std::chrono::milliseconds(1)));
      auto turn =
          cores.await(core, [&] { return views[core]->turn(in(std::chrono::seconds(20))); });
      ASSERT_FALSE(turn);
      EXPECT_EQ(turn.error().kind, ErrorKind::lost);
    }
    EXPECT_FALSE(store->status(kNs).owned);
    EXPECT_EQ(store->apply(kNs, {{"new", "1"}}).error().kind, ErrorKind::unavailable);
    EXPECT_EQ(store->erase_all(kNs, "").error().kind, ErrorKind::unavailable);
    EXPECT_EQ(contents(), (Contents{{"safe", "1"}}));
    contest->give(kNs);
    ASSERT_TRUE(all_own_again());
    EXPECT_TRUE(store->status(kNs).owned);
    EXPECT_EQ(get_on(2, "k"), std::nullopt);
    EXPECT_EQ(get_on(2, "safe"), "1");
  }
}

TEST_P(SharedConformance, ANamespaceComesBackWithWhatTheOtherHasMadeOfIt) {
  std::vector<Version> durable;
  std::vector<Version> lost;
  for (int round = 0; round < 5; ++round) {
    const std::string number = std::to_string(round);
    const unsigned core = static_cast<unsigned>(round) % 3;
    const Commit safe = put_on(core, "ours", number);
    ASSERT_EQ(fate(core, safe.version), "durable");
    durable.push_back(safe.version);
    contest->take(kNs, Learns::by_itself);
    for (int i = 0; i < 3; ++i) {
      const Commit vain = put_on(core, "vain", number);
      if (vain.status == CommitStatus::committed) lost.push_back(vain.version);
    }
    EXPECT_EQ(fate(core, lost.back()), "lost");
    for (int i = 0; i < round; ++i) change("theirs", number);
    contest->give(kNs);
    ASSERT_TRUE(all_own_again());
    for (unsigned i = 0; i < cores.count(); ++i) {
      EXPECT_EQ(get_on(i, "ours"), number);
      EXPECT_EQ(get_on(i, "vain"), std::nullopt);
      EXPECT_EQ(get_on(i, "theirs"), round == 0 ? std::nullopt : std::optional(number));
    }
    for (const Version version : durable) EXPECT_EQ(fate(core, version), "durable");
    for (const Version version : lost) EXPECT_EQ(fate(core, version), "lost");
  }
  const auto status = store->status(kNs);
  EXPECT_EQ(status.committed, 5U + 4 + 3 + 2 + 1) << "as the medium counts";
  EXPECT_EQ(status.durable, status.committed);
}

// Keys, values, counts and versions may look the same as before.
TEST_P(SharedConformance, ARunThatWasAtWorkIsOfOneOwner) {
  told(0, "k", "1");
  told(0, "id/a", "1");
  cores.on(1, [&] { (void)count(*views[1], "id/"); });
  std::vector<Transaction> readers;
  std::vector<Transaction> writers;
  cores.on(1, [&] {
    for (int i = 0; i < 3; ++i) {
      for (auto* runs : {&readers, &writers}) runs->emplace_back(*views[1]);
      for (auto* runs : {&readers, &writers}) {
        Transaction& run = runs->back();
        if (i == 0) {
          EXPECT_EQ(run.get("k"), "1");
        } else if (i == 1) {
          EXPECT_EQ(run.count("id/"), 1U);
        } else {
          EXPECT_EQ(run.get("absent"), std::nullopt);
        }
      }
      writers.back().put("mine" + std::to_string(i), "1");
    }
  });
  lose();
  cores.on(1, [&] { EXPECT_EQ(views[1]->commit(writers[0]).status, CommitStatus::not_owner); });
  change("k", "1");
  contest->give(kNs);
  ASSERT_TRUE(all_own_again());
  cores.on(1, [&] {
    EXPECT_EQ(views[1]->commit(writers[0]).status, CommitStatus::conflict);
    EXPECT_EQ(views[1]->commit(writers[1]).status, CommitStatus::conflict);
    EXPECT_EQ(views[1]->commit(writers[2]).status, CommitStatus::committed)
        << "it has read only an absence, and that still holds";
    for (Transaction& run : readers) {  // all that they have read was durable before the loss
      EXPECT_EQ(views[1]->commit(run).status, CommitStatus::committed);
      EXPECT_TRUE(views[1]->is_durable(views[1]->commit(run).version));
    }
    (void)readers[0].get("id/a");
    EXPECT_TRUE(readers[0].stale());
    for (Transaction& run : writers) {
      run.restart();
      EXPECT_EQ(run.get("k"), "1");
      run.put("mine", "2");
      EXPECT_EQ(views[1]->commit(run).status, CommitStatus::committed);
    }
    readers.clear();
    writers.clear();
  });
}

TEST_P(SharedConformance, AReadOfWhatWasLostIsLost) {
  Commit read{CommitStatus::not_owner, 0};
  // The journal may learn of the loss between the two runs.
  for (int tries = 0; read.status == CommitStatus::not_owner; ++tries) {
    ASSERT_LT(tries, 10'000);
    contest->take(kNs, Learns::by_itself);
    read = cores.on(0, [&] {
      EXPECT_EQ(put(*views[0], "k", "1").status, CommitStatus::committed);
      Transaction t(*views[0]);
      EXPECT_EQ(t.get("k"), "1");
      return views[0]->commit(t);
    });
    while (cores.on(0, [&] { return views[0]->owned(); })) std::this_thread::yield();
    contest->give(kNs);
    ASSERT_TRUE(all_own_again());
  }
  ASSERT_EQ(read.status, CommitStatus::committed);
  EXPECT_EQ(fate(0, read.version), "lost");
}

TEST_P(SharedConformance, TurnsGoWithTheOwnership) {
  auto held = cores.await(0, [&] { return views[0]->turn(in(std::chrono::seconds(20))); });
  ASSERT_TRUE(held);
  auto waits = cores.start(1, [&] { return views[1]->turn(in(std::chrono::seconds(20))); });
  contest->take(kNs, Learns::by_news);
  const auto refused = waits.get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::lost);
  contest->give(kNs);
  ASSERT_TRUE(all_own_again());
  // A turn of the old ownership neither delays others, nor ends the turn of another run.
  auto next = cores.await(0, [&] { return views[0]->turn(in(std::chrono::seconds(20))); });
  ASSERT_TRUE(next);
  cores.on(0, [&] { const View::Turn ended = std::move(*held); });
  EXPECT_TRUE(put_on(1, "k", "1").turn_held);
  EXPECT_EQ(cores.await(2, [&] { return views[2]->turn(in(std::chrono::milliseconds(30))); })
                .error()
                .kind,
            ErrorKind::timed_out);
  cores.on(0, [&] { const View::Turn ended = std::move(*next); });
  auto last = cores.await(2, [&] { return views[2]->turn(in(std::chrono::seconds(20))); });
  EXPECT_TRUE(last);
  cores.on(2, [&] { const View::Turn ended = std::move(*last); });
}

TEST_P(SharedConformance, AConfirmationIsOfOneOwnershipAndYoungerThanItsRun) {
  const auto moment = [&](unsigned core) {
    return cores.on(core, [&] { return views[core]->moment(); });
  };
  for (int round = 0; round < 3; ++round) {
    const auto before = moment(1);
    EXPECT_EQ(confirmed(1, before), "durable");
    EXPECT_EQ(confirmed(2, before), "durable") << "of the same namespace";
    cores.on(1, [&] { EXPECT_TRUE(views[1]->is_confirmed(before)); });
    contest->take(kNs, Learns::by_itself);
    const auto late = moment(1);
    cores.on(1, [&] { EXPECT_FALSE(views[1]->is_confirmed(late)) << "that one was older"; });
    EXPECT_EQ(confirmed(1, late), "lost");
    EXPECT_EQ(confirmed(2, moment(2)), "lost");
    contest->give(kNs);
    ASSERT_TRUE(all_own_again());
    EXPECT_EQ(confirmed(1, late), "lost") << "another has owned it meanwhile";
  }
  // A durable group confirms as well.
  const auto last = moment(0);
  told(0, "k", "1");
  cores.on(0, [&] { EXPECT_TRUE(views[0]->is_confirmed(last)); });
}

TEST_P(SharedConformance, BulkChangesAreLostAsAWhole) {
  std::vector<Entry> many;
  for (int i = 0; i < 100; ++i) many.push_back({"id/" + std::to_string(i), "1"});
  ASSERT_TRUE(store->apply(kNs, many));
  EXPECT_EQ(cores.await(1, [&] { return count_many(*views[1], "id/"); }), 100U);
  for (int round = 0; round < 3; ++round) {
    contest->take(kNs, Learns::by_itself);
    const auto done = round == 1 ? store->erase_all(kNs, "id/1") : store->apply(kNs, many);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, ErrorKind::lost);
    change("id/theirs" + std::to_string(round), "1");
    contest->give(kNs);
    ASSERT_TRUE(all_own_again());
    for (unsigned core = 0; core < cores.count(); ++core) {
      EXPECT_EQ(cores.await(core, [&] { return count_many(*views[core], "id/"); }),
                101U + static_cast<unsigned>(round));
      EXPECT_EQ(get_on(core, "id/11"), "1");
    }
    for (Entry& entry : many) entry.value = std::to_string(round);
    ASSERT_TRUE(store->apply(kNs, many)) << "and go on afterwards";
    EXPECT_EQ(get_on(2, "id/7"), std::to_string(round));
    for (Entry& entry : many) entry.value = "1";
    ASSERT_TRUE(store->apply(kNs, many));
  }
}

TEST_P(SharedConformance, ANamespaceMayBeAnothersAtFirst) {
  const std::string late = "late/one";
  contest->take(late, Learns::by_itself);
  (void)contest->change(late, [](Contest::Entries& entries) { entries["k"] = "theirs"; });
  ASSERT_TRUE(store->prepare(late));
  View& view = cores.on(0, [&]() -> View& { return store->view(cores.core(0), late); });
  EXPECT_EQ(cores.on(0, [&] { return put(view, "k", "ours"); }).status, CommitStatus::not_owner);
  EXPECT_EQ(store->apply(late, {{"k", "ours"}}).error().kind, ErrorKind::unavailable);
  contest->give(late);
  ASSERT_TRUE(cores.await(0, [&] { return view.ownership(in(std::chrono::seconds(20))); }));
  cores.on(0, [&] { EXPECT_EQ(get(view, "k"), "theirs"); });
  // A core that makes its view later sees the same.
  View& other = cores.on(1, [&]() -> View& { return store->view(cores.core(1), late); });
  cores.on(1, [&] {
    EXPECT_TRUE(other.owned());
    EXPECT_EQ(get(other, "k"), "theirs");
  });
  told(0, "elsewhere", "1");
}

// The first views of a namespace come while its owner changes.
TEST_P(SharedConformance, ViewsMayComeWhileTheOwnerChanges) {
  for (int round = 0; round < 20; ++round) {
    const std::string ns = "late/" + std::to_string(round);
    ASSERT_TRUE(store->prepare(ns));
    std::vector<std::future<View*>> made;
    for (unsigned core = 0; core < cores.count(); ++core) {
      made.push_back(cores.start(core, [&, core]() -> Task<View*> {
        for (int i = 0; i < round % 5; ++i) co_await cores.loop(core).yield();
        co_return &store->view(cores.core(core), ns);
      }));
      contest->take(ns, core == 0 ? Learns::by_news : Learns::by_itself);
      (void)contest->change(
          ns, [&](Contest::Entries& entries) { entries["owner"] = std::to_string(core); });
      contest->give(ns);
    }
    for (unsigned core = 0; core < cores.count(); ++core) {
      View& its = *made[core].get();
      const auto seen = cores.await(core, [&]() -> Task<std::optional<std::string>> {
        co_return co_await see_last_owner(its);
      });
      EXPECT_EQ(seen, "2") << core;
      EXPECT_EQ(cores.on(core, [&] { return &store->view(cores.core(core), ns); }), &its);
    }
  }
}

TEST_P(SharedConformance, TheStoreMayCloseWhileAnotherOwnsIt) {
  lose();
  auto waits =
      cores.start(0, [&] { return views[0]->ownership(in(std::chrono::milliseconds(50))); });
  store->close();
  EXPECT_FALSE(waits.get());
}

}  // namespace sluice::store
