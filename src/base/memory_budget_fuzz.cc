// SPDX-License-Identifier: Apache-2.0
// Runs sequences of take, give, set and move over names, holders and cores beside a model that adds
// up. Invariants: the sums match after each step, a refusal is justified, and nothing is held in
// the end.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "base/memory_budget.h"

namespace {

using namespace sluice;

constexpr unsigned kCores = 3;
constexpr std::size_t kBudget = std::size_t{1} << 20;
constexpr std::size_t kHolderMax = kBudget / 2;

void require(bool holds) {
  if (!holds) std::abort();
}

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}
  [[nodiscard]] bool empty() const { return left_ == 0; }
  std::size_t next() {
    if (left_ == 0) return 0;
    --left_;
    return *data_++;
  }

 private:
  const std::uint8_t* data_;
  std::size_t left_;
};

struct Held {
  unsigned core;
  MemoryUse use;
  MemoryCharge charge;
};

class Machine {
 public:
  Machine() : budget_(kBudget, kCores) {
    for (unsigned core = 0; core < kCores; ++core) {
      accounts_.push_back(std::make_unique<MemoryAccount>());
      accounts_.back()->join(budget_, core);
      holders_.push_back(std::make_unique<MemoryHolder>(*accounts_.back(), kHolderMax));
    }
  }

  void step(Input& input) {
    const std::size_t what = input.next() % 5;
    if (what == 0) return add(input);
    if (held_.empty()) return;
    const std::size_t index = input.next() % held_.size();
    const std::size_t bytes = input.next() << (input.next() % 14);
    MemoryCharge& charge = held_[index].charge;
    if (what == 1) charge.set(bytes);
    if (what == 2) try_set(held_[index], bytes);
    if (what == 3) charge.clear();
    if (what == 4) {
      std::swap(held_[index], held_.back());
      held_.pop_back();
    }
  }

  void check() const {
    std::size_t all = 0;
    std::array<std::size_t, kMemoryUses> by_use{};
    std::array<std::size_t, kCores> by_core{};
    for (const Held& held : held_) {
      all += held.charge.bytes();
      by_use[static_cast<std::size_t>(held.use)] += held.charge.bytes();
      by_core[held.core] += held.charge.bytes();
    }
    for (std::size_t use = 0; use < kMemoryUses; ++use)
      require(budget_.held(static_cast<MemoryUse>(use)) == by_use[use]);
    for (unsigned core = 0; core < kCores; ++core)
      require(accounts_[core]->held() == by_core[core]);
    require(budget_.leased() >= all);
    require(budget_.leased() <= all + kCores * 3 * budget_.chunk_bytes());
  }

  void end() {
    held_.clear();
    check();
    for (const auto& holder : holders_) require(holder->held() == 0);
    holders_.clear();
    accounts_.clear();
    require(budget_.leased() == 0);
  }

 private:
  void add(Input& input) {
    const auto core = static_cast<unsigned>(input.next() % kCores);
    const auto use = static_cast<MemoryUse>(input.next() % kMemoryUses);
    if (input.next() % 2 == 0) {
      held_.push_back({core, use, MemoryCharge(*accounts_[core], use)});
    } else {
      held_.push_back({core, use, MemoryCharge(*holders_[core], use)});
    }
  }

  void try_set(Held& held, std::size_t bytes) {
    const std::size_t before = held.charge.bytes();
    const MemoryRefusal refusal = held.charge.try_set(bytes);
    require(held.charge.bytes() == (refusal == MemoryRefusal::none ? bytes : before));
  }

  MemoryBudget budget_;
  std::vector<std::unique_ptr<MemoryAccount>> accounts_;
  std::vector<std::unique_ptr<MemoryHolder>> holders_;
  std::vector<Held> held_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  Machine machine;
  while (!input.empty()) {
    machine.step(input);
    machine.check();
  }
  machine.end();
  return 0;
}
