// SPDX-License-Identifier: Apache-2.0
// For tests: makes the faults of a HistoryPlan while a HistoryCluster plays.
#pragma once

#include <array>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "filters/wasm_host/testing/history_cluster.h"

namespace sluice::filters::testing {

// On the thread of the test.
class HistoryTrouble {
 public:
  explicit HistoryTrouble(HistoryCluster& cluster)
      : cluster_(cluster), plan_(cluster.plan()), dice_(plan_.seed + 2) {}

  void make() {
    for (unsigned i = 0; i < HistoryCluster::kMembers; ++i) disturb(i);
    const TimePoint end = Clock::now() + plan_.length;
    while (Clock::now() < end) {
      std::this_thread::sleep_for(dice_.up_to(plan_.pause_max));
      end_due(Clock::now());
      act();
    }
  }
  // No further fault; all members run. "" or why one cannot begin.
  std::string mend() {
    for (unsigned i = 0; i < HistoryCluster::kMembers; ++i) {
      const auto faults = cluster_.member(i).faults();
      faults->go_on();
      faults->release_watches();
    }
    dues_.clear();
    for (auto& chosen : chosen_) chosen.reset();
    cluster_.roads().mend();
    for (unsigned i = 0; i < HistoryCluster::kMembers; ++i) {
      if (cluster_.member(i).store() != nullptr) continue;
      if (auto trouble = begin(i); !trouble.empty()) return trouble;
    }
    return {};
  }

 private:
  using Faults = std::shared_ptr<store::KvFaults>;
  static constexpr std::uint64_t kRaisesMax = 2;

  static bool is_of_namespace(const pb::TxnRequest& txn) {
    return std::ranges::any_of(txn.compare(), [](const auto& compare) {
      return compare.key().find("/data/") != std::string::npos;
    });
  }
  void disturb(unsigned i) {
    const Faults faults = cluster_.member(i).faults();
    chosen_[i].reset();
    chosen_[i] = std::make_unique<Disturbance>(faults, [this](const pb::TxnRequest& txn) {
      using enum store::KvFault;
      if (!is_of_namespace(txn)) return none;
      if (dice_.with_chance(plan_.answer_lost)) return answer_lost;
      if (dice_.with_chance(plan_.late)) return late;
      if (dice_.with_chance(plan_.lost)) return lost;
      return dice_.with_chance(plan_.no_space) ? no_space : none;
    });
  }
  void act() {
    const unsigned i = dice_.below(HistoryCluster::kMembers);
    const std::string name = HistoryCluster::name_of(i);
    const bool up = cluster_.member(i).store() != nullptr;
    if (dice_.with_chance(plan_.deliver)) cluster_.deliver_one();
    if (dice_.with_chance(plan_.compact)) cluster_.auditor().compact();
    if (!up) return;
    const Faults faults = cluster_.member(i).faults();
    if (dice_.with_chance(plan_.revoke)) cluster_.auditor().end_lease_of(name);
    if (dice_.with_chance(plan_.stall)) {
      faults->stall();
      due(dice_.up_to(plan_.stall_max), [faults] { faults->go_on(); });
      if (dice_.with_chance(50)) cluster_.auditor().end_lease_of(name);
    }
    if (dice_.with_chance(plan_.hold_watches)) {
      faults->hold_watches();
      due(dice_.up_to(std::chrono::milliseconds(60)), [faults] { faults->release_watches(); });
    }
    if (dice_.with_chance(plan_.end_watches)) faults->end_watches();
    if (dice_.with_chance(plan_.change)) (void)cluster_.change(i);
    if (dice_.with_chance(plan_.raise)) raise();
    if (dice_.with_chance(plan_.move)) move(i);
    if (dice_.with_chance(plan_.kill)) return kill(i);
    if (dice_.with_chance(plan_.stop)) return stop(i);
  }
  // By a member that need not be the owner, in the background.
  void move(unsigned to) {
    const unsigned by = dice_.below(HistoryCluster::kMembers);
    store::Store* const store = cluster_.member(by).store();
    if (store == nullptr) return;
    const std::string name = HistoryCluster::name_of(to);
    calls_.push_back(std::async(std::launch::async,
                                [store, name] { (void)store->move(HistoryMember::kNs, name); }));
  }
  // Some members learn a higher limit now, others when they begin again.
  void raise() {
    if (cluster_.limit().max >= plan_.limit + kRaisesMax) return;
    const store::KeyLimit limit = cluster_.raise(cluster_.limit().max + 1);
    for (unsigned i = 0; i < HistoryCluster::kMembers; ++i) {
      store::Store* const store = cluster_.member(i).store();
      if (store == nullptr || dice_.with_chance(30)) continue;
      calls_.push_back(std::async(std::launch::async, [store, limit] {
        (void)store->hold_limit(HistoryMember::kNs, limit);
      }));
    }
  }
  void kill(unsigned i) {
    calls_.clear();  // they use the stores
    const std::string name = HistoryCluster::name_of(i);
    cluster_.kill(i);
    due(dice_.up_to(std::chrono::milliseconds(30)),
        [this, name] { cluster_.auditor().end_lease_of(name); });
    due(dice_.up_to(std::chrono::milliseconds(60)), [this, i] { (void)begin(i); });
  }
  void stop(unsigned i) {
    calls_.clear();
    const Faults faults = cluster_.member(i).faults();
    faults->go_on();
    faults->release_watches();
    if (dice_.with_chance(50)) cluster_.member(i).store()->resign();
    cluster_.member(i).stop();
    due(dice_.up_to(std::chrono::milliseconds(30)), [this, i] { (void)begin(i); });
  }
  std::string begin(unsigned i) {
    if (cluster_.member(i).store() != nullptr) return {};
    // A process that was killed has its lease until then.
    cluster_.auditor().end_lease_of(HistoryCluster::name_of(i));
    std::string trouble = cluster_.start(i);
    disturb(i);
    return trouble;
  }
  void due(Duration after, std::function<void()> what) {
    dues_.emplace(Clock::now() + after, std::move(what));
  }
  void end_due(TimePoint now) {
    while (!dues_.empty() && dues_.begin()->first <= now) {
      const auto what = std::move(dues_.begin()->second);
      dues_.erase(dues_.begin());
      what();
    }
  }

  struct Disturbance {
    Disturbance(Faults its, store::KvFaults::Choose choose)
        : faults(std::move(its)), chosen(*faults, std::move(choose)) {}
    Faults faults;
    store::KvFaults::Chosen chosen;
  };
  HistoryCluster& cluster_;
  const HistoryPlan plan_;
  Dice dice_;
  std::array<std::unique_ptr<Disturbance>, HistoryCluster::kMembers> chosen_;
  std::multimap<TimePoint, std::function<void()>> dues_;
  std::vector<std::future<void>> calls_;  // of stores
};

}  // namespace sluice::filters::testing
