// SPDX-License-Identifier: Apache-2.0
// Kv: the calls to etcd that the medium makes. The product has one implementation, over the client
// (client_kv.h); tests put faults between the two. Core-bound.
#pragma once

#include <memory>

#include "etcd/call_failure.h"
#include "etcd/client.h"
#include "etcd/watch.h"
#include "loop/task.h"

namespace sluice::store {

namespace pb = etcd::pb;

// A watch: etcd/watch.h.
class KvWatch {
 public:
  virtual ~KvWatch() = default;
  [[nodiscard]] virtual Task<etcd::WatchReply<pb::ResponseHeader>> start(TimePoint deadline) = 0;
  [[nodiscard]] virtual Task<etcd::WatchReply<pb::WatchResponse>> next(TimePoint deadline) = 0;
  [[nodiscard]] virtual etcd::EndpointIndex endpoint() const = 0;
};

// The functions of etcd::Client. A request outlives its call. Destroying the Task cancels the call.
class Kv {
 public:
  virtual ~Kv() = default;
  [[nodiscard]] virtual Task<etcd::CallReply<pb::RangeResponse>> range(
      const pb::RangeRequest& request, etcd::CallOptions options) = 0;
  [[nodiscard]] virtual Task<etcd::CallReply<pb::TxnResponse>> txn(const pb::TxnRequest& request,
                                                                   etcd::CallOptions options) = 0;
  [[nodiscard]] virtual Task<etcd::CallReply<pb::LeaseGrantResponse>> lease_grant(
      const pb::LeaseGrantRequest& request, etcd::CallOptions options) = 0;
  [[nodiscard]] virtual Task<etcd::CallReply<pb::LeaseRevokeResponse>> lease_revoke(
      std::int64_t id, etcd::CallOptions options) = 0;
  [[nodiscard]] virtual Task<etcd::CallReply<pb::LeaseKeepAliveResponse>> lease_keep_alive(
      std::int64_t id, etcd::CallOptions options) = 0;
  [[nodiscard]] virtual Task<etcd::CallReply<pb::StatusResponse>> status(
      etcd::CallOptions options) = 0;
  // Requires: this outlives the watch.
  [[nodiscard]] virtual std::unique_ptr<KvWatch> watch(etcd::WatchOptions options) = 0;
};

}  // namespace sluice::store
