// SPDX-License-Identifier: Apache-2.0
// Covers: bulk.cc, run.cc, store_transaction.cc, turn_queue.cc
#include "store/chain_store.h"
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

INSTANTIATE_TEST_SUITE_P(Backends, StoreConformance,
                         testing::Values(memory(), embedded(), contested()),
                         [](const auto& backend) { return backend.param.name; });

INSTANTIATE_TEST_SUITE_P(Backends, DocumentConformance,
                         testing::Values(memory(), embedded(), contested()),
                         [](const auto& backend) { return backend.param.name; });

}  // namespace
}  // namespace sluice::store
