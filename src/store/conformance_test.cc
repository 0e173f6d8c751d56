// SPDX-License-Identifier: Apache-2.0
// Covers: bulk.cc, run.cc, store_transaction.cc, turn_queue.cc
#include <map>

#include "store/chain_store.h"
#include "store/etcd/testing/etcd_under_test.h"
#include "store/testing/conformance_admin.h"
#include "store/testing/conformance_bulk.h"
#include "store/testing/conformance_conflicts.h"
#include "store/testing/conformance_documents.h"
#include "store/testing/conformance_runs.h"
#include "store/testing/contested_medium.h"

namespace sluice::store {
namespace {

BackendUnderTest memory() {
  return {"memory", [](const std::string&, unsigned cores, const Limits& limits) {
            return open_memory_store(cores, limits);
          }};
}

BackendUnderTest embedded() {
  return {"embedded", [](const std::string& directory, unsigned cores, const Limits& limits) {
            auto store = open_embedded_store(directory, cores, Logger(), limits);
            return store ? std::move(*store) : nullptr;
          }};
}

// A shared medium whose other processes take nothing behaves like the others.
BackendUnderTest contested() {
  return {"contested", [](const std::string&, unsigned cores, const Limits& limits) {
            return std::make_unique<ChainStore>(std::make_unique<ContestedMedium>(), cores,
                                                Logger(), limits);
          }};
}

// On a real etcd; the directory of a test is a cluster. `small`: Options::small_bulk_max.
BackendUnderTest on_etcd(const std::string& name, std::size_t small, Duration permit) {
  return {name,
          [small, permit](const std::string& directory, unsigned cores, const Limits& limits) {
            static std::map<std::string, EtcdOptions> clusters;
            const auto [own, is_new] = clusters.try_emplace(directory);
            if (is_new) own->second = new_cluster();
            EtcdMedium::Options options;
            options.etcd = own->second;
            options.etcd.read_permit = permit;
            options.small_bulk_max = small;
            auto opened = open_on_etcd(std::move(options), cores, limits);
            EXPECT_EQ(opened.trouble, "");
            return std::move(opened.store);
          }};
}

constexpr std::size_t kUsual = 1000;

INSTANTIATE_TEST_SUITE_P(Backends, StoreConformance,
                         testing::Values(memory(), embedded(), contested(),
                                         on_etcd("etcd", kUsual, std::chrono::milliseconds(500)),
                                         on_etcd("etcd_epochs", 0, Duration())),
                         [](const auto& backend) { return backend.param.name; });

INSTANTIATE_TEST_SUITE_P(Backends, DocumentConformance,
                         testing::Values(memory(), embedded(), contested(),
                                         on_etcd("etcd", kUsual, Duration())),
                         [](const auto& backend) { return backend.param.name; });

}  // namespace
}  // namespace sluice::store
