// SPDX-License-Identifier: Apache-2.0
// The conformance suite of a store that shares its medium with another process: told commits stay,
// commits that are not durable are lost, and no run mixes the states of two owners. A backend's
// test instantiates SharedConformance with a function that opens its store.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "store/testing/conformance_shared.h"

namespace sluice::store {

TEST_P(SharedConformance, ALossEndsEveryWaitAndNothingThatWasTold) {
  for (const Learns learns : {Learns::by_itself, Learns::by_news}) {
    told(0, "safe", "1");
    contest_->take(kNs, learns);
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
    for (unsigned core = 0; core < cores_.count(); ++core) {
      while (cores_.on(core, [&] { return views_[core]->owned(); })) std::this_thread::yield();
      EXPECT_EQ(put_on(core, "new", "1").status, CommitStatus::not_owner);
      GetParam().follows ? reads_only(core) : does_nothing(core);
      EXPECT_FALSE(owned_again(core, std::chrono::milliseconds(1)));
    }
    EXPECT_FALSE(store_->status(kNs).owned);
    EXPECT_EQ(store_->apply(kNs, {{"new", "1"}}).error().kind, ErrorKind::unavailable);
    EXPECT_EQ(store_->erase_all(kNs, "").error().kind, ErrorKind::unavailable);
    EXPECT_EQ(contents(), (Contents{{"safe", "1"}}));
    contest_->give(kNs);
    ASSERT_TRUE(all_own_again());
    EXPECT_TRUE(store_->status(kNs).owned);
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
    contest_->take(kNs, Learns::by_itself);
    for (int i = 0; i < 3; ++i) {
      const Commit vain = put_on(core, "vain", number);
      if (vain.status == CommitStatus::committed) lost.push_back(vain.version);
    }
    EXPECT_EQ(fate(core, lost.back()), "lost");
    for (int i = 0; i < round; ++i) change("theirs", number);
    contest_->give(kNs);
    ASSERT_TRUE(all_own_again());
    for (unsigned i = 0; i < cores_.count(); ++i) {
      EXPECT_EQ(get_on(i, "ours"), number);
      EXPECT_EQ(get_on(i, "vain"), std::nullopt);
      EXPECT_EQ(get_on(i, "theirs"), round == 0 ? std::nullopt : std::optional(number));
    }
    for (const Version version : durable) EXPECT_EQ(fate(core, version), "durable");
    for (const Version version : lost) EXPECT_EQ(fate(core, version), "lost");
  }
  const auto status = store_->status(kNs);
  EXPECT_EQ(status.committed, 5U + 4 + 3 + 2 + 1) << "as the medium counts";
  EXPECT_EQ(status.durable, status.committed);
}

// Keys, values, counts and versions may look the same as before.
TEST_P(SharedConformance, ARunThatWasAtWorkIsOfOneOwner) {
  told(0, "k", "1");
  told(0, "id/a", "1");
  cores_.on(1, [&] { (void)count(*views_[1], "id/"); });
  std::vector<Transaction> readers;
  std::vector<Transaction> writers;
  cores_.on(1, [&] {
    for (int i = 0; i < 3; ++i) {
      for (auto* runs : {&readers, &writers}) runs->emplace_back(*views_[1]);
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
  cores_.on(1, [&] { EXPECT_EQ(views_[1]->commit(writers[0]).status, CommitStatus::not_owner); });
  change("k", "1");
  contest_->give(kNs);
  ASSERT_TRUE(all_own_again());
  cores_.on(1, [&] {
    EXPECT_EQ(views_[1]->commit(writers[0]).status, CommitStatus::conflict);
    EXPECT_EQ(views_[1]->commit(writers[1]).status, CommitStatus::conflict);
    EXPECT_EQ(views_[1]->commit(writers[2]).status, CommitStatus::committed)
        << "it has read only an absence, and that still holds";
    for (Transaction& run : readers) {  // all that they have read was durable before the loss
      EXPECT_EQ(views_[1]->commit(run).status, CommitStatus::committed);
      EXPECT_TRUE(views_[1]->is_durable(views_[1]->commit(run).version));
    }
    (void)readers[0].get("id/a");
    EXPECT_TRUE(readers[0].stale());
    for (Transaction& run : writers) {
      run.restart();
      EXPECT_EQ(run.get("k"), "1");
      run.put("mine", "2");
      EXPECT_EQ(views_[1]->commit(run).status, CommitStatus::committed);
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
    contest_->take(kNs, Learns::by_itself);
    read = cores_.on(0, [&] {
      EXPECT_EQ(put(*views_[0], "k", "1").status, CommitStatus::committed);
      Transaction t(*views_[0]);
      EXPECT_EQ(t.get("k"), "1");
      return views_[0]->commit(t);
    });
    while (cores_.on(0, [&] { return views_[0]->owned(); })) std::this_thread::yield();
    contest_->give(kNs);
    ASSERT_TRUE(all_own_again());
  }
  ASSERT_EQ(read.status, CommitStatus::committed);
  EXPECT_EQ(fate(0, read.version), "lost");
}

TEST_P(SharedConformance, TurnsGoWithTheOwnership) {
  auto held = cores_.await(0, [&] { return views_[0]->turn(in(std::chrono::seconds(20))); });
  ASSERT_TRUE(held);
  auto waits = cores_.start(1, [&] { return views_[1]->turn(in(std::chrono::seconds(20))); });
  contest_->take(kNs, Learns::by_news);
  const auto refused = waits.get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::lost);
  contest_->give(kNs);
  ASSERT_TRUE(all_own_again());
  // A turn of the old ownership neither delays others, nor ends the turn of another run.
  auto next = cores_.await(0, [&] { return views_[0]->turn(in(std::chrono::seconds(20))); });
  ASSERT_TRUE(next);
  cores_.on(0, [&] { const View::Turn ended = std::move(*held); });
  EXPECT_TRUE(put_on(1, "k", "1").turn_held);
  EXPECT_EQ(cores_.await(2, [&] { return views_[2]->turn(in(std::chrono::milliseconds(30))); })
                .error()
                .kind,
            ErrorKind::timed_out);
  cores_.on(0, [&] { const View::Turn ended = std::move(*next); });
  auto last = cores_.await(2, [&] { return views_[2]->turn(in(std::chrono::seconds(20))); });
  EXPECT_TRUE(last);
  cores_.on(2, [&] { const View::Turn ended = std::move(*last); });
}

TEST_P(SharedConformance, AConfirmationIsOfOneOwnershipAndYoungerThanItsRun) {
  const auto moment = [&](unsigned core) {
    return cores_.on(core, [&] { return views_[core]->moment(); });
  };
  for (int round = 0; round < 3; ++round) {
    const auto before = moment(1);
    EXPECT_EQ(confirmed(1, before), "durable");
    EXPECT_EQ(confirmed(2, before), "durable") << "of the same namespace";
    cores_.on(1, [&] { EXPECT_TRUE(views_[1]->is_confirmed(before, 0)); });
    contest_->take(kNs, Learns::by_itself);
    const auto late = moment(1);
    cores_.on(1, [&] { EXPECT_FALSE(views_[1]->is_confirmed(late, 0)) << "that one was older"; });
    EXPECT_EQ(confirmed(1, late), "lost");
    if (!GetParam().follows) {
      EXPECT_EQ(confirmed(2, moment(2)), "lost");
    }
    contest_->give(kNs);
    ASSERT_TRUE(all_own_again());
    EXPECT_EQ(confirmed(1, late), "lost") << "another has owned it meanwhile";
  }
  // A durable group confirms as well.
  const auto last = moment(0);
  told(0, "k", "1");
  cores_.on(0, [&] { EXPECT_TRUE(views_[0]->is_confirmed(last, 0)); });
}

TEST_P(SharedConformance, BulkChangesAreLostAsAWhole) {
  std::vector<Entry> many;
  for (int i = 0; i < 100; ++i) many.push_back({"id/" + std::to_string(i), "1"});
  ASSERT_TRUE(store_->apply(kNs, many));
  EXPECT_EQ(cores_.await(1, [&] { return count_many(*views_[1], "id/"); }), 100U);
  for (int round = 0; round < 3; ++round) {
    contest_->take(kNs, Learns::by_itself);
    const auto done = round == 1 ? store_->erase_all(kNs, "id/1") : store_->apply(kNs, many);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, ErrorKind::lost);
    change("id/theirs" + std::to_string(round), "1");
    contest_->give(kNs);
    ASSERT_TRUE(all_own_again());
    for (unsigned core = 0; core < cores_.count(); ++core) {
      EXPECT_EQ(cores_.await(core, [&] { return count_many(*views_[core], "id/"); }),
                101U + static_cast<unsigned>(round));
      EXPECT_EQ(get_on(core, "id/11"), "1");
    }
    for (Entry& entry : many) entry.value = std::to_string(round);
    ASSERT_TRUE(store_->apply(kNs, many)) << "and go on afterwards";
    EXPECT_EQ(get_on(2, "id/7"), std::to_string(round));
    for (Entry& entry : many) entry.value = "1";
    ASSERT_TRUE(store_->apply(kNs, many));
  }
}

TEST_P(SharedConformance, ANamespaceMayBeAnothersAtFirst) {
  const std::string late = "late/one";
  contest_->take(late, Learns::by_itself);
  (void)contest_->change(late, [](Contest::Entries& entries) { entries["k"] = "theirs"; });
  ASSERT_TRUE(store_->prepare(late));
  View& view = cores_.on(0, [&]() -> View& { return store_->view(cores_.core(0), late); });
  EXPECT_EQ(cores_.on(0, [&] { return put(view, "k", "ours"); }).status, CommitStatus::not_owner);
  EXPECT_EQ(store_->apply(late, {{"k", "ours"}}).error().kind, ErrorKind::unavailable);
  contest_->give(late);
  ASSERT_TRUE(cores_.await(0, [&] { return view.ownership(in(std::chrono::seconds(20))); }));
  cores_.on(0, [&] { EXPECT_EQ(get(view, "k"), "theirs"); });
  // A core that makes its view later sees the same.
  View& other = cores_.on(1, [&]() -> View& { return store_->view(cores_.core(1), late); });
  cores_.on(1, [&] {
    EXPECT_TRUE(other.owned());
    EXPECT_EQ(get(other, "k"), "theirs");
  });
  told(0, "elsewhere", "1");
}

// The first views of a namespace come while its owner changes.
TEST_P(SharedConformance, ViewsMayComeWhileTheOwnerChanges) {
  for (int round = 0; round < 20; ++round) {
    const std::string ns = "late/" + std::to_string(round);
    ASSERT_TRUE(store_->prepare(ns));
    std::vector<std::future<View*>> made;
    for (unsigned core = 0; core < cores_.count(); ++core) {
      made.push_back(cores_.start(core, [&, core]() -> Task<View*> {
        for (int i = 0; i < round % 5; ++i) co_await cores_.loop(core).yield();
        co_return &store_->view(cores_.core(core), ns);
      }));
      contest_->take(ns, core == 0 ? Learns::by_news : Learns::by_itself);
      (void)contest_->change(
          ns, [&](Contest::Entries& entries) { entries["owner"] = std::to_string(core); });
      contest_->give(ns);
    }
    for (unsigned core = 0; core < cores_.count(); ++core) {
      View& its = *made[core].get();
      const auto seen = cores_.await(core, [&]() -> Task<std::optional<std::string>> {
        co_return co_await see_last_owner(its);
      });
      EXPECT_EQ(seen, "2") << core;
      EXPECT_EQ(cores_.on(core, [&] { return &store_->view(cores_.core(core), ns); }), &its);
    }
  }
}

TEST_P(SharedConformance, TheStoreMayCloseWhileAnotherOwnsIt) {
  lose();
  auto waits =
      cores_.start(0, [&] { return views_[0]->ownership(in(std::chrono::milliseconds(50))); });
  store_->close();
  EXPECT_FALSE(waits.get());
}

}  // namespace sluice::store
