// SPDX-License-Identifier: Apache-2.0
// The parts of requests to etcd, and Packs: the writes of one transaction. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "store/etcd/kv.h"

namespace sluice::store {

// etcd permits 128 operations in a list, counted together with the list around it: 60 packs of 60
// and `seq` behind them keep to that.
inline constexpr std::size_t kPackOperations = 60;
inline constexpr std::size_t kGroupOperationsMax = kPackOperations * kPackOperations;
// etcd permits a request of 1.5 MiB. A group ends below this; one run may be up to
// kRunRequestBytesMax long.
inline constexpr std::size_t kGroupBytesMax = 1'310'720;
inline constexpr std::size_t kRunRequestBytesMax = 1'540'000;
// The most that an operation takes besides key and value.
inline constexpr std::size_t kOperationBytes = 24;

// The key exists since `revision`; 0: it does not exist.
void compare_created(pb::TxnRequest& txn, std::string key, std::int64_t revision);
// The key was last changed at `revision`; 0: it does not exist.
void compare_changed(pb::TxnRequest& txn, std::string key, std::int64_t revision);

[[nodiscard]] pb::RangeRequest range_of(std::string key);
// All keys that begin with `prefix`.
[[nodiscard]] pb::RangeRequest range_of_prefix(std::string prefix);
void add_range(pb::RequestOp& operation, std::string key);
void add_put(pb::RequestOp& operation, std::string key, std::string_view value,
             std::int64_t lease = 0);
void add_delete(pb::RequestOp& operation, std::string key, std::string range_end = {});

// Writes of different keys, at most kGroupOperationsMax.
class Packs {
 public:
  void put(std::string key, std::string_view value);
  void erase(std::string key);
  [[nodiscard]] std::size_t operations() const { return operations_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] bool fits(std::size_t operations, std::size_t bytes) const {
    return operations_ + operations <= kGroupOperationsMax && bytes_ + bytes <= kGroupBytesMax;
  }
  // Adds the writes to what `txn` does if its compares hold. Once.
  void move_to(pb::TxnRequest& txn);

 private:
  pb::RequestOp& next();
  pb::TxnRequest packs_;  // its success list: one nested transaction for each pack
  std::size_t operations_ = 0;
  std::size_t bytes_ = 0;
};

// The key is on that lease; 0: on none.
void compare_lease(pb::TxnRequest& txn, std::string key, std::int64_t lease);
// An id that no other lease has.
[[nodiscard]] std::int64_t random_lease();

// True if a later try may succeed without a change of options.
[[nodiscard]] bool may_heal(const etcd::CallFailure& failure);
// The error of a failed call. Any failure whose cure is outside of this process may heal.
[[nodiscard]] Error error_of(const etcd::CallFailure& failure);
// The same for a call of the start: `forbidden` is told apart, because no later try cures it.
[[nodiscard]] Error error_at_start(const etcd::CallFailure& failure);

}  // namespace sluice::store
