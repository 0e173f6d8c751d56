// SPDX-License-Identifier: Apache-2.0
#include "store/etcd/requests.h"

#include <random>
#include <utility>

#include "base/assert.h"
#include "store/medium.h"

namespace sluice::store {

void compare_created(pb::TxnRequest& txn, std::string key, std::int64_t revision) {
  pb::Compare& compare = *txn.add_compare();
  compare.set_target(pb::Compare::CREATE);
  compare.set_result(pb::Compare::EQUAL);
  compare.set_key(std::move(key));
  compare.set_create_revision(revision);
}

void compare_changed(pb::TxnRequest& txn, std::string key, std::int64_t revision) {
  pb::Compare& compare = *txn.add_compare();
  compare.set_target(pb::Compare::MOD);
  compare.set_result(pb::Compare::EQUAL);
  compare.set_key(std::move(key));
  compare.set_mod_revision(revision);
}

void compare_lease(pb::TxnRequest& txn, std::string key, std::int64_t lease) {
  pb::Compare& compare = *txn.add_compare();
  compare.set_target(pb::Compare::LEASE);
  compare.set_result(pb::Compare::EQUAL);
  compare.set_key(std::move(key));
  compare.set_lease(lease);
}

std::int64_t random_lease() {
  std::random_device random;
  const std::uint64_t id = (std::uint64_t{random()} << 32) | random();
  return static_cast<std::int64_t>((id >> 1) | 1);
}

pb::RangeRequest range_of(std::string key) {
  pb::RangeRequest request;
  request.set_key(std::move(key));
  return request;
}

pb::RangeRequest range_of_prefix(std::string prefix) {
  pb::RangeRequest request;
  request.set_range_end(end_of_prefix(prefix));
  request.set_key(std::move(prefix));
  return request;
}

void add_range(pb::RequestOp& operation, std::string key) {
  operation.mutable_request_range()->set_key(std::move(key));
}

void add_put(pb::RequestOp& operation, std::string key, std::string_view value,
             std::int64_t lease) {
  pb::PutRequest& put = *operation.mutable_request_put();
  put.set_key(std::move(key));
  put.set_value(std::string(value));
  put.set_lease(lease);
}

void add_delete(pb::RequestOp& operation, std::string key, std::string range_end) {
  pb::DeleteRangeRequest& request = *operation.mutable_request_delete_range();
  request.set_key(std::move(key));
  request.set_range_end(std::move(range_end));
}

pb::RequestOp& Packs::next() {
  SLUICE_ASSERT(operations_ < kGroupOperationsMax, "a transaction has a limited number of writes");
  if (operations_++ % kPackOperations == 0) packs_.add_success();
  pb::RequestOp& pack = *packs_.mutable_success(packs_.success_size() - 1);
  return *pack.mutable_request_txn()->add_success();
}

void Packs::put(std::string key, std::string_view value) {
  bytes_ += key.size() + value.size() + kOperationBytes;
  add_put(next(), std::move(key), value);
}

void Packs::erase(std::string key) {
  bytes_ += key.size() + kOperationBytes;
  add_delete(next(), std::move(key));
}

void Packs::move_to(pb::TxnRequest& txn) {
  if (packs_.success_size() == 1) {
    pb::TxnRequest& only = *packs_.mutable_success(0)->mutable_request_txn();
    for (pb::RequestOp& operation : *only.mutable_success()) {
      *txn.add_success() = std::move(operation);
    }
  } else {
    for (pb::RequestOp& pack : *packs_.mutable_success()) *txn.add_success() = std::move(pack);
  }
  packs_.Clear();
}

bool may_heal(const etcd::CallFailure& failure) {
  switch (failure.error.kind) {
    case ErrorKind::invalid:
    case ErrorKind::forbidden:
    case ErrorKind::conflict:
    case ErrorKind::not_found:
      return false;
    default:
      return true;
  }
}

Error error_of(const etcd::CallFailure& failure) {
  Error error = error_at_start(failure);
  // The user of etcd lacks a right, not the client that asks this process.
  if (error.kind == ErrorKind::forbidden) error.kind = ErrorKind::unavailable;
  return error;
}

Error error_at_start(const etcd::CallFailure& failure) {
  Error error = failure.error;
  if (error.kind == ErrorKind::lost) error.kind = ErrorKind::unavailable;  // a word of the store
  return error;
}

}  // namespace sluice::store
