// SPDX-License-Identifier: Apache-2.0
// For tests: a store on a real etcd with faults between, and a rival.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "store/etcd/testing/etcd_rival.h"
#include "store/etcd/testing/etcd_under_test.h"
#include "store/testing/test_cores.h"

namespace sluice::store {

class EtcdMediumTest : public testing::Test {
 protected:
  static constexpr const char* kNs = "flash-sale/wasm";
  using Learns = Contest::Learns;

  // Opens another member.
  EtcdStore member(const std::string& name, std::size_t small_bulk_max = 1000) {
    EtcdMedium::Options options;
    options.etcd = options_;
    options.etcd.member = name;
    options.small_bulk_max = small_bulk_max;
    options.patience = patience_;
    Limits limits;
    limits.bulk_entries_min = 5;
    return open_on_etcd(std::move(options), cores_.count(), limits);
  }
  void open(std::size_t small_bulk_max = 1000) {
    opened_ = member("one", small_bulk_max);
    ASSERT_EQ(opened_.trouble, "");
    rival_ = std::make_unique<EtcdRival>(options_, opened_.faults);
  }
  void prepare() { ASSERT_TRUE(store().prepare(kNs)); }
  void begin(std::size_t small_bulk_max = 1000) {
    open(small_bulk_max);
    prepare();
  }
  Store& store() { return *opened_.store; }
  KvFaults& faults() { return *opened_.faults; }
  View& view_of(Store& store) {
    return cores_.on(0, [&]() -> View& { return store.view(cores_.core(0), kNs); });
  }
  View& view() { return view_of(store()); }
  Commit put(const std::string& key, const std::string& value) {
    View& its = view();
    return cores_.on(0, [&] { return sluice::store::put(its, key, value); });
  }
  // "durable", "lost", or the message of the error.
  std::string fate(const Commit& commit) { return fate_in(store(), commit); }
  std::string fate_in(Store& store, const Commit& commit) {
    View& its = view_of(store);
    const auto waited =
        cores_.await(0, [&] { return its.durable(commit.version, in(std::chrono::seconds(20))); });
    if (waited) return "durable";
    return waited.error().kind == ErrorKind::lost ? "lost" : waited.error().message;
  }
  std::string told(const std::string& key, const std::string& value) {
    const Commit commit = put(key, value);
    return commit.status == CommitStatus::committed ? fate(commit) : "not committed";
  }
  bool owned_within(Store& store, Duration patience) {
    View& its = view_of(store);
    return cores_.await(0, [&] { return its.ownership(in(patience)); }).has_value();
  }
  bool owned_again() { return owned_within(store(), std::chrono::seconds(20)); }
  std::string value(const std::string& key) {
    const Seq seq = rival_->seq_of(kNs);
    return rival_->value_of(rival_->keys().epoch(kNs, seq.epoch) + key);
  }
  template <class Condition>
  static bool comes_true(const Condition& condition) {
    const TimePoint end = in(std::chrono::seconds(20));
    while (!condition()) {
      if (Clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
  }

  EtcdOptions options_ = new_cluster();
  EtcdPatience patience_{};
  TestCores cores_{1};
  EtcdStore opened_;
  std::unique_ptr<EtcdRival> rival_;
};

}  // namespace sluice::store
