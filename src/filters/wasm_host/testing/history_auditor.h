// SPDX-License-Identifier: Apache-2.0
// For tests: watches a namespace in etcd beside its members, from the beginning. It knows the chain
// of groups as etcd has it, and checks what holds of every chain. It has a client of its own, which
// also brings late transactions and ends leases.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "etcd/client.h"
#include "etcd/watch.h"
#include "loop/loop_thread.h"
#include "store/etcd/cluster_record.h"
#include "store/etcd/keys.h"
#include "store/etcd/requests.h"

namespace sluice::filters::testing {

namespace pb = store::pb;

class HistoryAuditor {
 public:
  using Entries = std::map<std::string, std::string>;
  // The changes of one group to the entries of the current epoch.
  struct Group {
    std::int64_t revision = 0;
    Entries puts;
    std::vector<std::string> erased;
    std::vector<store::ExchangeId> exchanges;
    std::optional<std::uint64_t> limit{};  // if it is another than before
    std::string remarks{};                 // its fence, and the owners since the group before
  };

  HistoryAuditor(const store::EtcdOptions& options, std::string ns)
      : keys_(*store::Keys::make(options.prefix)), ns_(std::move(ns)) {
    etcd::Options its;
    its.endpoints = options.endpoints;
    thread_.run([&] { client_ = *etcd::Client::make(thread_.core(), its); });
    from_ = range(store::range_of(keys_.cluster())).header().revision() + 1;
    thread_.run([this] {
      watching_ = watch();
      watching_.start();
    });
  }
  ~HistoryAuditor() {
    thread_.run([this] {
      watching_.reset();
      client_.reset();
    });
  }
  HistoryAuditor(const HistoryAuditor&) = delete;
  HistoryAuditor& operator=(const HistoryAuditor&) = delete;

  [[nodiscard]] const store::Keys& keys() const { return keys_; }

  // --- Any thread but the auditor's; they block ---

  pb::RangeResponse range(const pb::RangeRequest& request) {
    const auto reply = thread_.await([&] { return client_->range(request, within()); });
    return reply.value_or(pb::RangeResponse());
  }
  // Sends a transaction again that a member has sent before, and ignores the outcome.
  void deliver(const pb::TxnRequest& txn) {
    (void)thread_.await([&] { return client_->txn(txn, within()); });
  }
  // As if the member had shown no sign of life for too long.
  void end_lease_of(const std::string& member) {
    const auto found = range(store::range_of(keys_.member(member)));
    if (found.kvs_size() == 0 || found.kvs(0).lease() == 0) return;
    const std::int64_t lease = found.kvs(0).lease();
    (void)thread_.await([&] { return client_->lease_revoke(lease, within()); });
  }
  // Discards what this has seen.
  void compact() {
    pb::CompactionRequest request;
    request.set_revision(thread_.run([this] { return seen_; }));
    if (request.revision() == 0) return;
    (void)thread_.await([&] { return client_->compact(request); });
  }
  // Waits until it has seen all that etcd has, and returns the chain.
  std::vector<Group> take_groups() {
    const std::int64_t end = range(store::range_of(keys_.seq(ns_))).kvs(0).mod_revision();
    const TimePoint limit = Clock::now() + std::chrono::seconds(20);
    while (thread_.run([this] { return seen_; }) < end && Clock::now() < limit) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return thread_.run([this] { return groups_; });
  }
  // The data is sealed now, as far as this has seen.
  [[nodiscard]] bool is_sealed() {
    return thread_.run([this] { return now_.sealed && !now_.opening; });
  }
  // So often.
  [[nodiscard]] std::size_t seals() {
    return thread_.run([this] { return seals_; });
  }
  // "" or the first fault of the chain.
  std::string fault() {
    return thread_.run([this] { return fault_; });
  }

 private:
  static etcd::CallOptions within() {
    etcd::CallOptions options;
    options.deadline = Clock::now() + std::chrono::seconds(10);
    return options;
  }
  Task<void> watch() {
    while (true) {
      etcd::WatchOptions options;
      options.key = keys_.data(ns_);
      options.range_end = store::end_of_prefix(options.key);
      options.start_revision = from_;
      etcd::Watch live(*client_, std::move(options));
      const auto started = co_await live.start(Clock::now() + std::chrono::seconds(5));
      bool goes_on = started.has_value();
      while (goes_on) {
        const auto reply = co_await live.next(TimePoint::max());
        goes_on = reply.has_value();
        if (goes_on) see(*reply);
        if (!goes_on && reply.error().why == etcd::WatchFailure::Why::compacted)
          say("the auditor: etcd has discarded what it had not seen");
      }
      co_await thread_.loop().sleep_for(std::chrono::milliseconds(10));
    }
  }
  void see(const pb::WatchResponse& response) {
    for (int i = 0; i < response.events_size();) {
      const std::int64_t revision = response.events(i).kv().mod_revision();
      std::vector<const pb::Event*> events;
      for (; i < response.events_size() && response.events(i).kv().mod_revision() == revision; ++i)
        events.push_back(&response.events(i));
      if (revision < from_) continue;
      from_ = revision + 1;
      see(revision, events);
      seen_ = revision;
    }
  }
  void see(std::int64_t revision, const std::vector<const pb::Event*>& events) {
    const pb::KeyValue* seq = nullptr;
    Group group{revision, {}, {}, {}};
    bool entries_changed = false;
    for (const pb::Event* event : events) {
      const pb::KeyValue& kv = event->kv();
      const bool gone = event->type() == pb::Event::DELETE;
      if (kv.key() == keys_.owner(ns_)) {
        fence_ = gone ? 0 : static_cast<store::Fence>(kv.create_revision());
        const auto record = store::MemberRecord::decode(kv.value());
        remarks_ += gone ? " released at " : " taken by " + (record ? record->name : "?") + " at ";
        remarks_ += std::to_string(revision);
      } else if (kv.key() == keys_.seq(ns_)) {
        if (gone) say("seq was deleted");
        seq = gone ? nullptr : &kv;
      } else if (kv.key().starts_with(keys_.epochs(ns_))) {
        entries_changed = change(kv, gone, group) || entries_changed;
      }
    }
    if (seq != nullptr) return end_group(*seq, std::move(group));
    if (entries_changed) say("the data that counts was changed without `seq`");
  }
  // True if the entry counts.
  bool change(const pb::KeyValue& kv, bool gone, Group& group) {
    const std::string rest = kv.key().substr(keys_.epochs(ns_).size());
    const std::size_t slash = rest.find('/');
    const auto epoch = store::Epoch::parse(rest.substr(0, slash));
    if (!epoch) return false;
    const std::string key = rest.substr(slash + 1);
    // Invariant I7: an epoch's name is written under one fence.
    if (!epochs_.contains(*epoch) && epoch->fence != 0 && epoch->fence != fence_)
      say("an epoch of " + epoch->text() + " begins under the fence " + std::to_string(fence_));
    Entries& entries = epochs_[*epoch];
    if (gone) {
      entries.erase(key);
      if (*epoch == now_.epoch) group.erased.push_back(key);
    } else {
      entries[key] = kv.value();
      if (*epoch == now_.epoch) group.puts[key] = kv.value();
    }
    return *epoch == now_.epoch;
  }
  void end_group(const pb::KeyValue& kv, Group group) {
    auto seq = store::Seq::decode(kv.value());
    if (!seq) return say("seq cannot be read");
    if (kv.version() > 1 || seq->version > 0) check(kv, *seq, group);
    if (seq->epoch != now_.epoch) {
      switch_to(seq->epoch, group);
    }
    for (const store::ExchangeId& id : seq->exchanges) {
      // Invariant I3: an id is in the chain at most once.
      if (!exchanges_.insert(id).second) say("an exchange is in two groups");
    }
    group.exchanges = seq->exchanges;
    if (seq->limit && seq->limit != now_.limit) group.limit = seq->limit->max;
    if (seq->sealed && !now_.sealed) ++seals_;
    group.remarks = std::exchange(remarks_, {}) + " fence " + std::to_string(seq->fence);
    if (seq->sealed) group.remarks += seq->opening ? " opening" : " sealed";
    now_ = *std::move(seq);
    puts_ = kv.version();
    groups_.push_back(std::move(group));
  }
  // Invariant I1: one chain, each group under the fence that is current.
  void check(const pb::KeyValue& kv, const store::Seq& seq, const Group& group) {
    if (kv.version() != puts_ + 1) say("puts of seq are missing");
    if (seq.version <= now_.version) say("the version of seq goes backwards");
    if (seq.fence != fence_) {
      say("a group of fence " + std::to_string(seq.fence) + " under " + std::to_string(fence_));
    }
    const bool same = seq.epoch == now_.epoch;
    const std::size_t changes = group.puts.size() + group.erased.size();
    if (same && seq.writes != changes) say("a group is not whole");
    // Invariant I8: a sealed epoch does not change before an opening.
    if (now_.sealed && !now_.opening && (!same || changes > 0 || !seq.sealed))
      say("sealed data changes without an opening");
  }
  void switch_to(const store::Epoch& epoch, Group& group) {
    const Entries& before = epochs_[now_.epoch];
    const Entries& after = epochs_[epoch];
    for (const auto& [key, value] : after) {
      const auto old = before.find(key);
      if (old == before.end() || old->second != value) group.puts[key] = value;
    }
    for (const auto& [key, value] : before) {
      if (!after.contains(key)) group.erased.push_back(key);
    }
  }
  void say(const std::string& fault) {
    if (fault_.empty()) fault_ = "chain: " + fault;
  }

  const store::Keys keys_;
  const std::string ns_;
  loop::LoopThread thread_;
  // Of the thread:
  std::unique_ptr<etcd::Client> client_;
  std::int64_t from_ = 0;
  std::int64_t seen_ = 0;
  store::Fence fence_ = 0;
  std::int64_t puts_ = 0;
  store::Seq now_;
  std::map<store::Epoch, Entries> epochs_;
  std::set<store::ExchangeId> exchanges_;
  std::vector<Group> groups_;
  std::size_t seals_ = 0;
  std::string remarks_;
  std::string fault_;
  Task<void> watching_;
};

}  // namespace sluice::filters::testing
