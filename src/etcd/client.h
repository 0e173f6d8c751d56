// SPDX-License-Identifier: Apache-2.0
// Client: calls to an etcd cluster (API v3, etcd 3.4 to 3.7) over gRPC, by HTTP/2 connections of
// its own: one to each endpoint that is in use. Core-bound; the loop need not be a worker's.
//
// Endpoints. Calls go to one endpoint as long as it works, then to the next. A request that could
// not be sent, or that the endpoint certainly did not process, goes to the next endpoint by itself.
// A read goes on to the next after every failure that the endpoint may be the cause of. Anything
// else is sent once: the caller decides by CallFailure::certainty whether it sends another copy.
#pragma once

#include <etcd/rpc.pb.h>

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "etcd/call_failure.h"
#include "etcd/options.h"
#include "loop/core.h"
#include "loop/task.h"

namespace sluice::etcd {

class Endpoints;

class Client {
 public:
  // Connects with the first call. Errors: `invalid` (no endpoint, one that does not parse, https
  // without `tls`). Requires: `core` outlives the result.
  [[nodiscard]] static Result<std::unique_ptr<Client>> make(const loop::Core& core,
                                                            Options options);
  // Requires: no call is in progress, and no Watch exists. Closes the connections.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Each call takes a request, which outlives it, and returns etcd's answer. Destroying the Task of
  // a call cancels it; its fate is then `unknown`. Failures: `refused` if etcd has certainly not
  // applied this copy, else `unknown`. ResourceExhausted for lack of space is `unknown`: etcd
  // reports it also for the request that it applied as the last (quotaApplierV3).

  // A read, linearizable unless the request says `serializable`. It is tried at one endpoint after
  // the other, at each once; its failure is that of the last.
  [[nodiscard]] Task<CallReply<pb::RangeResponse>> range(const pb::RangeRequest& request,
                                                         CallOptions options = {});
  // A transaction; is sent once. With compares and without operations etcd answers it from local,
  // perhaps stale state: such a request needs a Range in it to be linearizable.
  [[nodiscard]] Task<CallReply<pb::TxnResponse>> txn(const pb::TxnRequest& request,
                                                     CallOptions options = {});
  // Discards the history before a revision; is sent once. `out_of_range`: it is compacted already,
  // or not reached.
  [[nodiscard]] Task<CallReply<pb::CompactionResponse>> compact(
      const pb::CompactionRequest& request, CallOptions options = {});

  // Leases; each is sent once. `not_found` (refused): there is no such lease. A grant with an id of
  // its own that exists fails with `failed_precondition` (refused).
  [[nodiscard]] Task<CallReply<pb::LeaseGrantResponse>> lease_grant(
      const pb::LeaseGrantRequest& request, CallOptions options = {});
  [[nodiscard]] Task<CallReply<pb::LeaseRevokeResponse>> lease_revoke(std::int64_t id,
                                                                      CallOptions options = {});
  // Renews the lease once; the answer's ttl() is in seconds and counts from an instant between the
  // call and the answer.
  [[nodiscard]] Task<CallReply<pb::LeaseKeepAliveResponse>> lease_keep_alive(
      std::int64_t id, CallOptions options = {});
  // A read. The answer's ttl() is -1 if there is no such lease.
  [[nodiscard]] Task<CallReply<pb::LeaseTimeToLiveResponse>> lease_time_to_live(
      const pb::LeaseTimeToLiveRequest& request, CallOptions options = {});

  // The state of one endpoint, which answers by itself: version, leader, database size, alarms.
  // Requires: endpoint < endpoints().
  [[nodiscard]] Task<CallReply<pb::StatusResponse>> status(EndpointIndex endpoint,
                                                           CallOptions options = {});
  // The same of any endpoint; tried at one after the other, as a read.
  [[nodiscard]] Task<CallReply<pb::StatusResponse>> any_status(CallOptions options = {});

  [[nodiscard]] std::size_t endpoints() const;
  // The endpoint as configured. Requires: endpoint < endpoints().
  [[nodiscard]] const std::string& name_of(EndpointIndex endpoint) const;
  // True if a user is given, and etcd has its authentication off.
  [[nodiscard]] bool ignores_user() const;
  // The endpoint that the next call goes to.
  [[nodiscard]] EndpointIndex current() const;

 private:
  friend class Watch;
  explicit Client(std::shared_ptr<Endpoints> endpoints);
  std::shared_ptr<Endpoints> endpoints_;
};

}  // namespace sluice::etcd
