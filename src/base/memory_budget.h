// SPDX-License-Identifier: Apache-2.0
// The memory that the process may hold for peers, divided among the cores.
//
//   MemoryBudget   one per process: the limit, and the leases of the cores.
//   MemoryAccount  one per core: its held memory, by use. Leases from the budget in chunks, so
//                  that taking and giving touch no memory of another core.
//   MemoryHolder   one per connection: a part of the account with a limit of its own.
//   MemoryCharge   the memory of one object; the destructor gives it back.
//   SharedMemoryCharge  the same for an object of no core, which changes seldom.
//
// A holder counts the bytes that it knows of; the overhead of the allocator is not included. Code
// that keeps a peer's bytes for longer than one call holds a MemoryCharge.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

namespace sluice {

// The uses of memory. to_string() returns the names that statistics show.
enum class MemoryUse : std::uint8_t {
  connections,     // the state of a connection: codec, header compression, TLS
  heads,           // of requests, decoded
  request_bodies,  // whole or waiting to be read
  responses,       // whole or waiting to be sent
  caches,          // of Proxy, in memory
  filter_caches,   // of other filters: tokens, credentials, files
  builder_bodies,  // that filters read whole or make, and data of an exchange
};
inline constexpr std::size_t kMemoryUses = 7;
[[nodiscard]] std::string_view to_string(MemoryUse use);

class MemoryAccount;

class MemoryBudget {
 public:
  // `bytes`: the limit of the process. Requires: `bytes` > 0, `core_count` > 0.
  MemoryBudget(std::size_t bytes, unsigned core_count);
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  // Returns the memory leased by the cores: the memory that they hold, and at most two chunks each.
  // Any thread.
  [[nodiscard]] std::size_t leased() const { return leased_.load(std::memory_order_relaxed); }
  // Returns the memory held for `use` on all cores, while the cores go on. Any thread.
  [[nodiscard]] std::size_t held(MemoryUse use) const;
  // Beyond this part of the budget, optional uses take no more memory.
  static constexpr std::size_t kTightPercent = 70;
  // True if the cores have leased that part. Any thread.
  [[nodiscard]] bool tight() const { return leased() >= bytes_ / 100 * kTightPercent; }
  // The size of one lease. The leases of idle cores are at most 1/32 of the budget.
  [[nodiscard]] std::size_t chunk_bytes() const { return chunk_bytes_; }

 private:
  friend class MemoryAccount;
  friend class SharedMemoryCharge;
  struct alignas(64) Cells {
    std::array<std::atomic<std::size_t>, kMemoryUses> held{};  // written by one core only
  };

  const std::size_t bytes_;
  const std::size_t chunk_bytes_;
  const unsigned core_count_;
  std::unique_ptr<Cells[]> cells_;
  Cells shared_;  // belongs to no core
  alignas(64) std::atomic<std::size_t> leased_{0};
};

// Core-bound. Without a budget it counts and never refuses.
class MemoryAccount {
 public:
  MemoryAccount() = default;
  ~MemoryAccount();
  MemoryAccount(const MemoryAccount&) = delete;
  MemoryAccount& operator=(const MemoryAccount&) = delete;

  // Requires: `budget` outlives this; nothing is held yet.
  void join(MemoryBudget& budget, unsigned core);

  // Returns false, and takes nothing, if the process would exceed its budget.
  [[nodiscard]] bool try_take(MemoryUse use, std::size_t bytes) {
    if (bytes > leased_ - held_ && budget_ != nullptr && !lease(bytes, true)) return false;
    add(use, bytes);
    return true;
  }
  // Counts memory that is allocated already. Never refuses.
  void take(MemoryUse use, std::size_t bytes) {
    if (bytes > leased_ - held_ && budget_ != nullptr) (void)lease(bytes, false);
    add(use, bytes);
  }
  // Returns `bytes` to the account. Requires: they were taken for `use`.
  void give(MemoryUse use, std::size_t bytes) {
    held_ -= bytes;
    count(use, std::size_t{0} - bytes);
    if (budget_ != nullptr && leased_ - held_ >= 2 * chunk_) give_lease_back();
  }

  // In bytes, of all uses.
  [[nodiscard]] std::size_t held() const { return held_; }
  // Returns the most memory held since reset_peak().
  [[nodiscard]] std::size_t peak() const { return peak_; }
  void reset_peak() { peak_ = held_; }
  // Returns null before join().
  [[nodiscard]] MemoryBudget* budget() const { return budget_; }

 private:
  void add(MemoryUse use, std::size_t bytes) {
    held_ += bytes;
    peak_ = std::max(peak_, held_);
    if (budget_ == nullptr) leased_ = held_;
    count(use, bytes);
  }
  void count(MemoryUse use, std::size_t bytes) {
    if (cells_ == nullptr) return;
    auto& cell = cells_->held[static_cast<std::size_t>(use)];
    cell.store(cell.load(std::memory_order_relaxed) + bytes, std::memory_order_relaxed);
  }
  [[nodiscard]] bool lease(std::size_t bytes, bool refusable);
  void give_lease_back();

  MemoryBudget* budget_ = nullptr;
  MemoryBudget::Cells* cells_ = nullptr;
  std::size_t chunk_ = 0;
  std::size_t held_ = 0;
  std::size_t leased_ = 0;  // Invariant: >= held_
  std::size_t peak_ = 0;
};

// The limit that a take would exceed.
enum class MemoryRefusal : std::uint8_t { none, process, holder };

// Core-bound. Requires: everything charged to it was given back before it is destroyed.
class MemoryHolder {
 public:
  // Requires: `account` outlives this.
  MemoryHolder(MemoryAccount& account, std::size_t bytes_max)
      : account_(account), bytes_max_(bytes_max) {}
  MemoryHolder(const MemoryHolder&) = delete;
  MemoryHolder& operator=(const MemoryHolder&) = delete;

  // Takes `bytes`, or nothing if a limit refuses. `at_least`: the holder may have this much,
  // whatever its limit.
  [[nodiscard]] MemoryRefusal try_take(MemoryUse use, std::size_t bytes, std::size_t at_least = 0) {
    if (bytes > 0 && held_ + bytes > std::max(bytes_max_, at_least)) return MemoryRefusal::holder;
    if (!account_.try_take(use, bytes)) return MemoryRefusal::process;
    held_ += bytes;
    return MemoryRefusal::none;
  }
  // Takes `bytes`, whatever the limits.
  void take(MemoryUse use, std::size_t bytes) {
    account_.take(use, bytes);
    held_ += bytes;
  }
  // Requires: as of MemoryAccount::give().
  void give(MemoryUse use, std::size_t bytes) {
    account_.give(use, bytes);
    held_ -= bytes;
  }
  [[nodiscard]] std::size_t held() const { return held_; }
  [[nodiscard]] std::size_t bytes_max() const { return bytes_max_; }
  [[nodiscard]] MemoryAccount& account() const { return account_; }

 private:
  MemoryAccount& account_;
  const std::size_t bytes_max_;
  std::size_t held_ = 0;
};

// The memory of one object, given back by the destructor. Core-bound.
class MemoryCharge {
 public:
  // Requires: `holder` or `account` outlives this.
  MemoryCharge(MemoryHolder& holder, MemoryUse use)
      : account_(&holder.account()), holder_(&holder), use_(use) {}
  MemoryCharge(MemoryAccount& account, MemoryUse use) : account_(&account), use_(use) {}
  MemoryCharge(MemoryCharge&& other) noexcept
      : account_(other.account_),
        holder_(other.holder_),
        use_(other.use_),
        bytes_(std::exchange(other.bytes_, 0)) {}
  MemoryCharge& operator=(MemoryCharge&& other) noexcept {
    std::swap(account_, other.account_);
    std::swap(holder_, other.holder_);
    std::swap(use_, other.use_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  MemoryCharge(const MemoryCharge&) = delete;
  MemoryCharge& operator=(const MemoryCharge&) = delete;
  ~MemoryCharge() { clear(); }

  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  // Sets the charge to `bytes`, whatever the limits.
  void set(std::size_t bytes) {
    if (bytes > bytes_) {
      if (holder_ != nullptr) {
        holder_->take(use_, bytes - bytes_);
      } else {
        account_->take(use_, bytes - bytes_);
      }
    } else if (bytes < bytes_) {
      give(bytes_ - bytes);
    }
    bytes_ = bytes;
  }
  // Sets the charge to `bytes`, or leaves it unchanged if a limit refuses. A smaller charge is
  // never refused. `at_least`: see MemoryHolder::try_take().
  [[nodiscard]] MemoryRefusal try_set(std::size_t bytes, std::size_t at_least = 0) {
    if (bytes <= bytes_) {
      set(bytes);
      return MemoryRefusal::none;
    }
    const MemoryRefusal refusal = try_take(bytes - bytes_, at_least);
    if (refusal == MemoryRefusal::none) bytes_ = bytes;
    return refusal;
  }
  // Gives all of it back.
  void clear() {
    if (bytes_ > 0) give(std::exchange(bytes_, 0));
  }

 private:
  [[nodiscard]] MemoryRefusal try_take(std::size_t bytes, std::size_t at_least) {
    if (holder_ != nullptr) return holder_->try_take(use_, bytes, at_least);
    return account_->try_take(use_, bytes) ? MemoryRefusal::none : MemoryRefusal::process;
  }
  void give(std::size_t bytes) {
    if (holder_ != nullptr) {
      holder_->give(use_, bytes);
    } else {
      account_->give(use_, bytes);
    }
  }

  MemoryAccount* account_;
  MemoryHolder* holder_ = nullptr;  // null: charged to the account only
  MemoryUse use_;
  std::size_t bytes_ = 0;
};

// A charge on the budget itself: each change is an atomic addition that all cores see. Any thread,
// one at a time.
class SharedMemoryCharge {
 public:
  // Requires: `budget` outlives this. Null: nothing is counted.
  SharedMemoryCharge(MemoryBudget* budget, MemoryUse use) : budget_(budget), use_(use) {}
  SharedMemoryCharge(const SharedMemoryCharge&) = delete;
  SharedMemoryCharge& operator=(const SharedMemoryCharge&) = delete;
  ~SharedMemoryCharge() { set(0); }

  // Sets the charge to `bytes`. Never refuses: look at tight() first.
  void set(std::size_t bytes);
  // True if the budget is nearly used up: add nothing to the object of this charge.
  [[nodiscard]] bool tight() const { return budget_ != nullptr && budget_->tight(); }

 private:
  MemoryBudget* budget_;
  MemoryUse use_;
  std::size_t bytes_ = 0;
};

}  // namespace sluice
