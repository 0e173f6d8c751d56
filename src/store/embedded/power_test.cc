// SPDX-License-Identifier: Apache-2.0
// Lives of a store whose power is cut, or whose process ends, between any two writes. What was told
// is there; a run is there whole or not at all; the limit holds. SLUICE_SEED=<n> repeats a run.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <mutex>
#include <random>
#include <set>

#include "store/chain_store.h"
#include "store/embedded/fault_vfs.h"
#include "store/embedded/sqlite_medium.h"
#include "store/test_cores.h"
#include "store/test_directory.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

constexpr const char* kNs = "p/f";
constexpr unsigned kCores = 2;

unsigned first_seed() {
  const char* given = std::getenv("SLUICE_SEED");
  const unsigned seed = given != nullptr ? static_cast<unsigned>(std::atoi(given))
                                         : std::random_device{}() % 1'000'000;
  std::cout << "SLUICE_SEED=" << seed << std::endl;
  return seed;
}

// One data directory and those who were told that they are in.
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
  [[nodiscard]] bool over() {
    const std::lock_guard lock(mutex_);
    return told_.size() >= limit_;
  }
  [[nodiscard]] std::size_t told() const { return told_.size(); }
  // What was found wrong.
  [[nodiscard]] const std::vector<std::string>& faults() const { return faults_; }

 private:
  // False if the power failed meanwhile.
  bool open() {
    const bool weak = random_() % 4 == 0;
    if (weak) vfs_.cut_power_after(static_cast<int>(1 + random_() % 12));
    auto medium =
        SqliteMedium::open(directory_.path(), {.durability = durability_, .vfs = vfs_.name()});
    if (!medium) {
      if (!vfs_.off()) faults_.push_back(medium.error().message);
      end();
      return false;
    }
    store_ = std::make_unique<ChainStore>(std::move(*medium), kCores, Logger(), Limits());
    if (const auto prepared = store_->prepare(kNs); prepared && !vfs_.off()) return true;
    end();
    return false;
  }

  void end() {
    if (!vfs_.off()) vfs_.kill();
    store_.reset();
    if (random_() % 4 != 0) vfs_.lose_cache();
    vfs_.power_on();
  }

  // What is found is told to whoever asks: it must never go again.
  void check() {
    std::set<std::string> ids;
    std::set<std::string> seats;
    const auto scanned = store_->scan(kNs, "", [&](std::string_view key, std::string_view) {
      (key.starts_with("id/") ? ids : seats).emplace(key.substr(key.find('/') + 1));
      return true;
    });
    if (!scanned) faults_.push_back(scanned.error().message);
    if (ids != seats) faults_.emplace_back("half a run");
    if (ids.size() > limit_) faults_.push_back(std::to_string(ids.size()) + " were let in");
    for (const auto& user : told_) {
      if (!ids.contains(user)) faults_.push_back(user + " was told and is not there");
    }
    told_ = std::move(ids);
  }

  void let_in() {
    std::vector<std::future<void>> streams;
    for (unsigned core = 0; core < kCores; ++core) {
      View& view = cores_.on(core, [&]() -> View& { return store_->view(cores_.core(core), kNs); });
      for (unsigned i = 0; i < 4; ++i) {
        streams.push_back(cores_.start(core, [this, core, &view, seed = random_()] {
          return stream(cores_.loop(core), view, std::mt19937(seed));
        }));
      }
    }
    for (auto& stream : streams) stream.get();
  }

  Task<void> stream(loop::EventLoop& loop, View& view, std::mt19937 random) {
    for (int i = 0; i < 100 && !vfs_.off(); ++i) {
      const std::string user = std::to_string(random() % 2'000);
      bool in = false;
      const Commit commit = co_await transact(view, [&](Transaction& t) -> Task<void> {
        in = t.get("id/" + user).has_value();
        if (in || t.count("id/") >= limit_) co_return;
        t.put("id/" + user, "true");
        t.put("seat/" + user, value_);
        in = true;
      });
      if (commit.status != CommitStatus::committed) {
        co_await loop.sleep_for(2ms);  // the journal tries again
        continue;
      }
      const auto durable = co_await view.durable(commit.version, loop::EventLoop::now() + 20s);
      const std::lock_guard lock(mutex_);
      if (durable && in) told_.insert(user);
    }
  }

  const Durability durability_;
  std::mt19937 random_;
  TestDirectory directory_;
  FaultVfs vfs_;
  TestCores cores_{kCores};
  const std::size_t limit_;
  const std::string value_;
  std::unique_ptr<ChainStore> store_;
  std::mutex mutex_;
  std::set<std::string> told_;
  std::vector<std::string> faults_;
};

TEST(Power, WhatWasToldOutlivesEveryCut) {
  const unsigned first = first_seed();
  const TimePoint end = Clock::now() + 4s;
  std::size_t told = 0;
  unsigned sales = 0;
  for (; sales < 100 && Clock::now() < end && !testing::Test::HasFailure(); ++sales) {
    Sale sale(first + sales);
    for (int life = 0; life < 12 && !sale.over(); ++life) sale.live();
    told += sale.told();
    EXPECT_TRUE(sale.faults().empty())
        << "SLUICE_SEED=" << first + sales << ": " << sale.faults().front();
  }
  EXPECT_GT(told, 0U);
  std::cout << sales << " sales, " << told << " let in" << std::endl;
}

// The same without fsync must lose somebody, or the test above could not fail.
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
