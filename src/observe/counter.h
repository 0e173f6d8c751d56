// SPDX-License-Identifier: Apache-2.0
// Counters that each core adds to without touching another core's cache line; reading sums the
// cores.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

namespace sluice::observe {

// One core adds (relaxed, no read-modify-write: the core is the only writer); any thread reads.
class Cell {
 public:
  void add(std::uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void subtract(std::uint64_t n = 1) { add(~n + 1); }
  void set(std::uint64_t n) { value_.store(n, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// One T per core, a cache line apart. T is a struct of Cells.
template <class T>
class PerCore {
 public:
  explicit PerCore(unsigned core_count)
      : slots_(std::make_unique<Padded[]>(core_count)), count_(core_count) {}
  // The cells of a core. Only its thread adds to them.
  [[nodiscard]] T& at(unsigned core) { return slots_[core].value; }
  // Any thread: the sum of a cell over all cores.
  [[nodiscard]] std::uint64_t sum(Cell T::*cell) const {
    std::uint64_t total = 0;
    for (unsigned i = 0; i < count_; ++i) total += (slots_[i].value.*cell).get();
    return total;
  }
  [[nodiscard]] unsigned size() const { return count_; }
  [[nodiscard]] const T& at(unsigned core) const { return slots_[core].value; }

 private:
  struct alignas(64) Padded {
    T value;
  };
  std::unique_ptr<Padded[]> slots_;
  unsigned count_;
};

}  // namespace sluice::observe
