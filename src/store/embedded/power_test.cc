// SPDX-License-Identifier: Apache-2.0
// Covers: wal_check.cc
// Lives of a store with a power cut, or the end of the process, between any two writes, while users
// come and administration makes bulk changes. A told key is there, with its value. A run, or a bulk
// change, is complete or absent. The limit holds. SLUICE_SEED=<n> repeats a run.
#include <gtest/gtest.h>

#include <iostream>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "store/chain_store.h"
#include "store/embedded/sqlite_medium.h"
#include "store/embedded/testing/bulk_changes.h"
#include "store/embedded/testing/fault_vfs.h"
#include "store/testing/history.h"
#include "store/testing/test_cores.h"
#include "store/testing/test_directory.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

constexpr const char* kNs = "p/f";
constexpr unsigned kSaleCores = 2;

Limits limits_of_sale() {
  Limits limits;
  limits.bulk_entries_min = 8;
  return limits;
}

// One data directory, and the users who were told that they are admitted.
class Sale {
 public:
  explicit Sale(unsigned seed, Durability durability = Durability::disk)
      : durability_(durability),
        random_(seed),
        vfs_(seed),
        limit_(30 + random_() % 300),
        value_(random_() % 2 * 15'000, 'v') {}

  void live() {
    if (!open()) return;
    check();
    if (random_() % 2 == 0) {
      vfs_.fail(FaultVfs::Call::sync, random_() % 2 == 0 ? "-wal" : "",
                static_cast<int>(random_() % 40), static_cast<int>(1 + random_() % 2),
                SQLITE_IOERR_FSYNC);
    }
    vfs_.cut_power_after(static_cast<int>(1 + random_() % (random_() % 3 == 0 ? 3'000 : 300)));
    let_in();
    end();
  }
  [[nodiscard]] int changes_told() const { return beside_.told() + among_.told(); }
  [[nodiscard]] bool over() {
    const std::lock_guard lock(mutex_);
    return told_.size() >= limit_;
  }
  [[nodiscard]] std::size_t told() const { return told_.size(); }
  // The faults found so far.
  [[nodiscard]] const std::vector<std::string>& faults() const { return faults_; }

 private:
  // False if the power failed meanwhile.
  bool open() {
    const bool weak = random_() % 4 == 0;
    if (weak) vfs_.cut_power_after(static_cast<int>(1 + random_() % 12));
    auto medium = SqliteMedium::open(directory_.path(), {.durability = durability_,
                                                         .vfs = vfs_.name(),
                                                         .presence = {},
                                                         .logger = Logger(),
                                                         .boot = "boot" + std::to_string(boots_)});
    if (!medium) {
      if (!vfs_.off()) faults_.push_back(medium.error().message);
      end();
      return false;
    }
    store_ =
        std::make_unique<ChainStore>(std::move(*medium), kSaleCores, Logger(), limits_of_sale());
    const auto prepared = store_->prepare(kNs);
    // The store's threads write: a cut that is still due would come in the middle of check().
    if (vfs_.keep_power()) {
      if (prepared) return true;
      faults_.push_back(prepared.error().message);
    }
    end();
    return false;
  }

  void end() {
    if (!vfs_.off()) vfs_.kill();
    store_.reset();
    if (random_() % 4 != 0) {
      vfs_.lose_cache();
      ++boots_;
    }
    vfs_.power_on();
  }

  // The found users are told as well, so they must stay.
  void check() {
    std::map<std::string, std::string> ids;
    std::map<std::string, std::string> seats;
    std::string served = "0";
    const auto scanned = store_->scan(kNs, "", [&](std::string_view key, std::string_view value) {
      if (key == "served") served = value;
      if (key.starts_with("id/")) ids.emplace(key.substr(3), value);
      if (key.starts_with("seat/")) seats.emplace(key.substr(5), value);
      return true;
    });
    if (!scanned) faults_.push_back(scanned.error().message);
    if (served != std::to_string(ids.size()) || ids.size() != seats.size()) {
      faults_.emplace_back("half a run");
    }
    if (ids.size() > limit_) faults_.push_back(std::to_string(ids.size()) + " were let in");
    for (const auto& [user, ticket] : ids) {
      if (seats[user] != ticket + value_) faults_.push_back(user + " has another's seat");
    }
    for (const auto& [user, ticket] : told_) {
      const auto found = ids.find(user);
      if (found == ids.end()) {
        faults_.push_back(user + " was told and is not there");
      } else if (found->second != ticket) {
        faults_.push_back(user + " was told another ticket");
      }
    }
    told_ = std::move(ids);
    for (BulkChanges* changes : {&beside_, &among_}) {
      if (const std::string fault = changes->look(*store_); !fault.empty()) {
        faults_.push_back(fault);
      }
    }
  }

  void let_in() {
    std::vector<std::future<void>> streams;
    for (unsigned core = 0; core < kSaleCores; ++core) {
      View& view = cores_.on(core, [&]() -> View& { return store_->view(cores_.core(core), kNs); });
      for (unsigned i = 0; i < 4; ++i) {
        streams.push_back(cores_.start(core, [this, core, &view, seed = random_()] {
          return stream(cores_.loop(core), view, std::mt19937(seed));
        }));
      }
    }
    administrate();
    for (auto& stream : streams) stream.get();
  }
  void administrate() {
    for (unsigned left = random_() % 12; left > 0 && !vfs_.off(); --left) {
      BulkChanges& changes = random_() % 2 == 0 ? beside_ : among_;
      if (!changes.change(*store_, random_)) return;
      std::this_thread::sleep_for(std::chrono::microseconds(random_() % 500));
    }
  }

  Task<void> stream(loop::EventLoop& loop, View& view, std::mt19937 random) {
    for (int i = 0; i < 100 && !vfs_.off(); ++i) {
      const std::string user = std::to_string(random() % 2'000);
      const std::string fresh = std::to_string(random());
      std::string ticket;
      const Commit commit = co_await transact(view, [&](Transaction& t) -> Task<void> {
        ticket = t.get("id/" + user).value_or("");
        const std::uint64_t before = t.count("id/");
        if (!ticket.empty() || before >= limit_) co_return;
        ticket = fresh;
        t.put("id/" + user, ticket);
        t.put("seat/" + user, ticket + value_);
        t.put("served", std::to_string(before + 1));
      });
      if (commit.status != CommitStatus::committed) {
        co_await loop.sleep_for(2ms);  // the journal tries again
        continue;
      }
      const auto durable = co_await view.durable(commit.version, loop::EventLoop::now() + 20s);
      const std::lock_guard lock(mutex_);
      if (durable && !ticket.empty()) told_[user] = ticket;
    }
  }

  const Durability durability_;
  std::mt19937 random_;
  TestDirectory directory_;
  int boots_ = 0;
  FaultVfs vfs_;
  TestCores cores_{kSaleCores};
  const std::size_t limit_;
  const std::string value_;
  std::unique_ptr<ChainStore> store_;
  std::mutex mutex_;
  std::map<std::string, std::string> told_;  // user -> ticket
  BulkChanges beside_{"p/bulk"};             // in a namespace of their own
  BulkChanges among_{kNs, "bulk/"};          // in the namespace of the users
  std::vector<std::string> faults_;
};

TEST(Power, WhatWasToldOutlivesEveryCut) {
  const unsigned first = first_seed();
  std::cout << "SLUICE_SEED=" << first << std::endl;
  const TimePoint end = Clock::now() + 4s;
  std::size_t told = 0;
  int changes = 0;
  unsigned sales = 0;
  for (; sales < 100 && Clock::now() < end && !testing::Test::HasFailure(); ++sales) {
    Sale sale(first + sales);
    for (int life = 0; life < 12 && !sale.over(); ++life) sale.live();
    told += sale.told();
    changes += sale.changes_told();
    EXPECT_TRUE(sale.faults().empty())
        << "SLUICE_SEED=" << first + sales << ": " << sale.faults().front();
  }
  EXPECT_GT(told, 0U);
  EXPECT_GT(changes, 0);
  std::cout << sales << " sales, " << told << " let in, " << changes << " bulk changes"
            << std::endl;
}

// The same without fsync must lose a user. Otherwise the test above could not fail.
TEST(Power, TheTestFindsWhatIsLostWithoutFsync) {
  bool found = false;
  for (unsigned seed = 1; seed < 50 && !found; ++seed) {
    Sale sale(seed, Durability::process);
    for (int life = 0; life < 12 && !sale.over(); ++life) sale.live();
    found = !sale.faults().empty();
  }
  EXPECT_TRUE(found);
}

}  // namespace
}  // namespace sluice::store
