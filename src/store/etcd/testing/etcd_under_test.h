// SPDX-License-Identifier: Apache-2.0
// For tests: stores on a real etcd, which runs as long as the program. Each has a prefix of its
// own.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "etcd/testing/etcd_process.h"
#include "store/chain_store.h"
#include "store/etcd/etcd_medium.h"
#include "store/etcd/testing/faulty_kv.h"

namespace sluice::store {

inline etcd::testing::EtcdProcesses& real_etcd() {
  static etcd::testing::EtcdProcesses etcd;
  return etcd;
}

// A cluster that no other test has.
inline EtcdOptions new_cluster(std::string member = "one") {
  static int clusters = 0;
  EtcdOptions options;
  options.endpoints = real_etcd().endpoints();
  options.prefix = "test/" + std::to_string(++clusters);
  options.member = std::move(member);
  options.read_permit = Duration();
  options.owner_wait = std::chrono::seconds(60);  // a bound, not a measure
  return options;
}

struct EtcdStore {
  std::unique_ptr<Store> store;
  std::string trouble;  // "" or the error of the open
  std::shared_ptr<KvFaults> faults = std::make_shared<KvFaults>();
  EtcdMedium* medium = nullptr;  // of the store
};

inline constexpr int kOpenTries = 20;

// `options` without `wrap`.
inline EtcdStore open_on_etcd(EtcdMedium::Options options, unsigned cores, const Limits& limits,
                              std::shared_ptr<KvFaults> faults = std::make_shared<KvFaults>()) {
  EtcdStore opened;
  opened.faults = std::move(faults);
  options.wrap = [faults = opened.faults](const loop::Core& core, std::unique_ptr<Kv> kv) {
    return std::make_unique<FaultyKv>(core.loop, std::move(kv), faults);
  };
  auto medium = EtcdMedium::open(options);
  // A busy machine may leave an etcd that has just started no time to answer.
  for (int tries = 1; tries < kOpenTries && !medium; ++tries) {
    if (!medium.error().message.contains("took too long")) break;
    medium = EtcdMedium::open(options);
  }
  if (!medium) {
    opened.trouble = medium.error().message;
    return opened;
  }
  opened.medium = medium->get();
  opened.store =
      std::make_unique<ChainStore>(std::move(*medium), cores, Logger(), EtcdMedium::limit(limits));
  return opened;
}

inline EtcdStore open_on_etcd(const EtcdOptions& etcd, unsigned cores, const Limits& limits = {}) {
  EtcdMedium::Options options;
  options.etcd = etcd;
  return open_on_etcd(std::move(options), cores, limits);
}

}  // namespace sluice::store
