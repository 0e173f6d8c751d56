// SPDX-License-Identifier: Apache-2.0
// Readers: tells when nobody reads any more what was taken out of reach. Time goes by in turns. A
// reader belongs to the turn in which it began. A turn ends only when no reader of the turn before
// is left, so what was out of reach in turn n has no reader in turn n + 2, however many new readers
// there are. No lock: a reader waits for nobody, and nobody for a reader. Any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace sluice::filters::proxy_wasm {

class Readers {
 private:
  using Count = std::atomic<std::uint32_t>;

 public:
  // A reader, as long as it lives. It is to be short: it must not wait, nor call a guest.
  class Reading {
   public:
    explicit Reading(const Readers& readers);
    ~Reading() { count_->fetch_sub(1); }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;

   private:
    Count* count_;
  };

  [[nodiscard]] std::uint64_t turn() const { return turn_.load(); }
  // True: what was out of reach in `turn` has no reader.
  [[nodiscard]] bool over(std::uint64_t turn) const { return turn_.load() >= turn + 2; }
  // Ends the turn, and returns it. Nullopt: there are readers of the turn before, or another thread
  // has ended it.
  [[nodiscard]] std::optional<std::uint64_t> end_turn();

 private:
  // Of some of the threads, so that cores do not share one counter.
  struct alignas(64) Slot {
    std::array<Count, 2> by_parity{};  // of the turn
  };
  static constexpr std::size_t kSlots = 16;

  std::atomic<std::uint64_t> turn_{0};
  mutable std::array<Slot, kSlots> slots_{};
};

}  // namespace sluice::filters::proxy_wasm
