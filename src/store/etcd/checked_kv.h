// SPDX-License-Identifier: Apache-2.0
// CheckedKv: Kv that notices that etcd is another cluster than before, for example one that was
// restored from a backup, and how long etcd takes for its answers. Core-bound.
#pragma once

#include <functional>
#include <utility>

#include "loop/event_loop.h"
#include "store/etcd/copy_time.h"
#include "store/etcd/kv.h"

namespace sluice::store {

class CheckedKv final : public Kv {
 public:
  // `on_change` is called from the loop. It is not called after the destruction of this.
  CheckedKv(loop::EventLoop& loop, std::unique_ptr<Kv> kv, std::function<void()> on_change)
      : loop_(loop), kv_(std::move(kv)), on_change_(std::move(on_change)) {}

  Task<etcd::CallReply<pb::RangeResponse>> range(const pb::RangeRequest& request,
                                                 etcd::CallOptions options) override {
    return timed(kv_->range(request, options));
  }
  Task<etcd::CallReply<pb::TxnResponse>> txn(const pb::TxnRequest& request,
                                             etcd::CallOptions options) override {
    return timed(kv_->txn(request, options));
  }
  Task<etcd::CallReply<pb::LeaseGrantResponse>> lease_grant(const pb::LeaseGrantRequest& request,
                                                            etcd::CallOptions options) override {
    return checked(kv_->lease_grant(request, options));
  }
  Task<etcd::CallReply<pb::LeaseRevokeResponse>> lease_revoke(std::int64_t id,
                                                              etcd::CallOptions options) override {
    return checked(kv_->lease_revoke(id, options));
  }
  Task<etcd::CallReply<pb::LeaseKeepAliveResponse>> lease_keep_alive(
      std::int64_t id, etcd::CallOptions options) override {
    return checked(kv_->lease_keep_alive(id, options));
  }
  Task<etcd::CallReply<pb::StatusResponse>> status(etcd::CallOptions options) override {
    return checked(kv_->status(options));
  }
  std::unique_ptr<KvWatch> watch(etcd::WatchOptions options) override {
    return kv_->watch(std::move(options));
  }

  [[nodiscard]] const CopyTime& copy_time() const { return copy_time_; }

 private:
  template <class Response>
  Task<etcd::CallReply<Response>> timed(Task<etcd::CallReply<Response>> call) {
    const TimePoint begin = Clock::now();
    auto reply = co_await checked(std::move(call));
    if (reply) {
      copy_time_.note_answer(Clock::now() - begin);
    } else if (reply.error().status == etcd::Status::deadline_exceeded) {
      copy_time_.note_silence();
    }
    co_return reply;
  }
  template <class Response>
  Task<etcd::CallReply<Response>> checked(Task<etcd::CallReply<Response>> call) {
    auto reply = co_await std::move(call);
    if (reply && reply->has_header()) note(reply->header().cluster_id());
    co_return reply;
  }
  // The parts that are told may be at work in this call.
  void note(std::uint64_t cluster) {
    const std::uint64_t before = std::exchange(cluster_, cluster);
    if (before == 0 || before == cluster) return;
    told_ = loop::EventLoop::Timer(loop_, Clock::now(), on_change_);
  }

  loop::EventLoop& loop_;
  const std::unique_ptr<Kv> kv_;
  const std::function<void()> on_change_;
  std::uint64_t cluster_ = 0;
  CopyTime copy_time_;
  loop::EventLoop::Timer told_;
};

}  // namespace sluice::store
