// SPDX-License-Identifier: Apache-2.0
// ClientKv: Kv over an etcd::Client. Core-bound.
#pragma once

#include <memory>
#include <utility>

#include "store/etcd/kv.h"

namespace sluice::store {

class ClientKv final : public Kv {
 public:
  explicit ClientKv(std::unique_ptr<etcd::Client> client) : client_(std::move(client)) {}

  Task<etcd::CallReply<pb::RangeResponse>> range(const pb::RangeRequest& request,
                                                 etcd::CallOptions options) override {
    return client_->range(request, options);
  }
  Task<etcd::CallReply<pb::TxnResponse>> txn(const pb::TxnRequest& request,
                                             etcd::CallOptions options) override {
    return client_->txn(request, options);
  }
  Task<etcd::CallReply<pb::LeaseGrantResponse>> lease_grant(const pb::LeaseGrantRequest& request,
                                                            etcd::CallOptions options) override {
    return client_->lease_grant(request, options);
  }
  Task<etcd::CallReply<pb::LeaseRevokeResponse>> lease_revoke(std::int64_t id,
                                                              etcd::CallOptions options) override {
    return client_->lease_revoke(id, options);
  }
  Task<etcd::CallReply<pb::LeaseKeepAliveResponse>> lease_keep_alive(
      std::int64_t id, etcd::CallOptions options) override {
    return client_->lease_keep_alive(id, options);
  }
  Task<etcd::CallReply<pb::StatusResponse>> status(etcd::CallOptions options) override {
    return client_->any_status(options);
  }
  std::unique_ptr<KvWatch> watch(etcd::WatchOptions options) override {
    return std::make_unique<ClientWatch>(*client_, std::move(options));
  }

 private:
  class ClientWatch final : public KvWatch {
   public:
    ClientWatch(etcd::Client& client, etcd::WatchOptions options)
        : watch_(client, std::move(options)) {}
    Task<etcd::WatchReply<pb::ResponseHeader>> start(TimePoint deadline) override {
      return watch_.start(deadline);
    }
    Task<etcd::WatchReply<pb::WatchResponse>> next(TimePoint deadline) override {
      return watch_.next(deadline);
    }
    etcd::EndpointIndex endpoint() const override { return watch_.endpoint(); }

   private:
    etcd::Watch watch_;
  };

  const std::unique_ptr<etcd::Client> client_;
};

}  // namespace sluice::store
