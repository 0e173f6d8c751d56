// SPDX-License-Identifier: Apache-2.0
// For tests: another member on the same etcd, with a client of its own. It takes a namespace by
// force, as a member does whose predecessor's lease was revoked, and writes by the rules.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <thread>
#include <utility>

#include "loop/loop_thread.h"
#include "store/etcd/checksum.h"
#include "store/etcd/client_kv.h"
#include "store/etcd/cluster_record.h"
#include "store/etcd/keys.h"
#include "store/etcd/requests.h"
#include "store/etcd/testing/faulty_kv.h"
#include "store/testing/contest.h"

namespace sluice::store {

// One thread at a time.
class EtcdRival final : public Contest {
 public:
  // `faults`: of the store under test.
  EtcdRival(const EtcdOptions& options, std::shared_ptr<KvFaults> faults)
      : keys_(*Keys::make(options.prefix)), faults_(std::move(faults)) {
    etcd::Options its;
    its.endpoints = options.endpoints;
    client_ = thread_.run([&] { return std::move(*etcd::Client::make(thread_.core(), its)); });
    me_.name = "rival";
    me_.incarnation = RandomId::make();
  }
  ~EtcdRival() override {
    thread_.run([this] { client_.reset(); });
  }

  void take(const std::string& ns, Learns learns) override {
    if (learns == Learns::by_itself) faults_->hold_watches();
    while (!try_take(ns)) {
    }
  }
  Version change(const std::string& ns, const std::function<void(Entries&)>& edit) override {
    wait_for_permits();
    const auto end = range(range_of(keys_.seq(ns)));
    if (end.kvs_size() != 1) return fail_with("no seq");
    const auto before = Seq::decode(end.kvs(0).value());
    const std::string prefix = keys_.epoch(ns, before->epoch);
    Contents contents(Hash(cluster().secret));
    Entries entries;
    const auto found = range(range_of_prefix(prefix));
    for (const auto& kv : found.kvs()) {
      const std::string key = kv.key().substr(prefix.size());
      entries[key] = kv.value();
      contents.apply(contents.put(key, kv.value()));
    }
    Entries after = entries;
    edit(after);
    Packs packs;
    std::vector<Contents::EntryChange> changes;
    for (const auto& [key, value] : entries) {
      if (after.contains(key)) continue;
      packs.erase(prefix + key);
      changes.push_back(contents.erase(key));
    }
    for (const auto& [key, value] : after) {
      packs.put(prefix + key, value);
      changes.push_back(contents.put(key, value));
    }
    Seq seq = before->next(fence_);
    seq.version = before->version + 1;
    seq.writes = static_cast<std::uint32_t>(changes.size());
    seq.checksum = contents.checksum_after(changes);
    pb::TxnRequest txn;
    compare_created(txn, keys_.owner(ns), static_cast<std::int64_t>(fence_));
    compare_changed(txn, keys_.seq(ns), end.kvs(0).mod_revision());
    packs.move_to(txn);
    add_put(*txn.add_success(), keys_.seq(ns), seq.encode());
    add_range(*txn.add_failure(), keys_.seq(ns));
    EXPECT_TRUE(commit(txn).succeeded());
    return seq.version;
  }
  void give(const std::string& ns) override {
    pb::TxnRequest txn;
    compare_created(txn, keys_.owner(ns), static_cast<std::int64_t>(fence_));
    add_delete(*txn.add_success(), keys_.owner(ns));
    add_put(*txn.add_success(), keys_.released(ns), "rival");
    add_range(*txn.add_failure(), keys_.owner(ns));
    EXPECT_TRUE(commit(txn).succeeded());
    faults_->release_watches();
  }

  // For other tests.
  pb::TxnResponse commit(const pb::TxnRequest& txn) {
    const auto reply = thread_.await([&] { return client_->txn(txn); });
    EXPECT_TRUE(reply) << reply.error().error.message;
    return reply.value_or(pb::TxnResponse());
  }
  pb::RangeResponse range(const pb::RangeRequest& request) {
    const auto reply = thread_.await([&] { return client_->range(request); });
    EXPECT_TRUE(reply) << reply.error().error.message;
    return reply.value_or(pb::RangeResponse());
  }
  // "value", or "absent".
  std::string value_of(const std::string& key) {
    const auto reply = range(range_of(key));
    return reply.kvs_size() == 0 ? "absent" : reply.kvs(0).value();
  }
  void put(const std::string& key, const std::string& value) {
    pb::TxnRequest txn;
    add_put(*txn.add_success(), key, value);
    (void)commit(txn);
  }
  void remove(const std::string& key) {
    pb::TxnRequest txn;
    add_delete(*txn.add_success(), key);
    (void)commit(txn);
  }
  void revoke(std::int64_t lease) {
    const auto reply = thread_.await([&] { return client_->lease_revoke(lease); });
    EXPECT_TRUE(reply) << reply.error().error.message;
  }
  // Discards the history up to now.
  void compact() {
    pb::CompactionRequest request;
    request.set_revision(range(range_of(keys_.cluster())).header().revision());
    const auto reply = thread_.await([&] { return client_->compact(request); });
    EXPECT_TRUE(reply) << reply.error().error.message;
  }
  Seq seq_of(const std::string& ns) { return Seq::decode(value_of(keys_.seq(ns))).value_or(Seq()); }
  [[nodiscard]] const Keys& keys() const { return keys_; }

 private:
  ClusterRecord cluster() {
    return ClusterRecord::decode(value_of(keys_.cluster())).value_or(ClusterRecord());
  }
  Version fail_with(const char* reason) {
    ADD_FAILURE() << reason;
    return 0;
  }
  void wait_for_permits() { std::this_thread::sleep_until(taken_ + cluster().permit * 11 / 10); }
  bool try_take(const std::string& ns) {
    const auto owner = range(range_of(keys_.owner(ns)));
    if (owner.kvs_size() > 0) {
      pb::TxnRequest txn;
      compare_changed(txn, keys_.owner(ns), owner.kvs(0).mod_revision());
      add_delete(*txn.add_success(), keys_.owner(ns));
      add_range(*txn.add_failure(), keys_.owner(ns));
      (void)commit(txn);
    }
    pb::TxnRequest txn;
    compare_created(txn, keys_.owner(ns), 0);
    add_delete(*txn.add_success(), keys_.released(ns));
    add_put(*txn.add_success(), keys_.owner(ns), me_.encode());
    pb::TxnRequest& make = *txn.add_success()->mutable_request_txn();
    compare_changed(make, keys_.seq(ns), 0);
    add_put(*make.add_success(), keys_.seq(ns), Seq().encode());
    add_range(*make.add_failure(), keys_.seq(ns));
    add_range(*txn.add_failure(), keys_.owner(ns));
    const auto reply = commit(txn);
    if (!reply.succeeded()) return false;
    fence_ = static_cast<Fence>(reply.header().revision());
    taken_ = Clock::now();
    return true;
  }

  const Keys keys_;
  const std::shared_ptr<KvFaults> faults_;
  MemberRecord me_;
  loop::LoopThread thread_;
  std::unique_ptr<etcd::Client> client_;
  Fence fence_ = 0;
  TimePoint taken_{};
};

}  // namespace sluice::store
