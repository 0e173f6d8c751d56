// SPDX-License-Identifier: Apache-2.0
#include "egctl/catalog.h"

#include "base/log.h"
#include "control/kinds/all.h"
#include "filters/all.h"

namespace sluice::egctl {
namespace {

// A guest is made for each core, and one is enough to see whether it can be made.
constexpr unsigned kCores = 1;

}  // namespace

Result<Catalog> Catalog::open(Use use) {
  Catalog catalog;
  wasm::EngineOptions options;
  options.pooling = use == Use::build;  // as a server: its pool has limits of its own
  SLUICE_TRY(catalog.engine_, wasm::Engine::create(std::move(options)));
  catalog.store_ = store::open_memory_store(kCores);
  SLUICE_TRY(auto filters, filters::all({.engine = *catalog.engine_,
                                         .store = *catalog.store_,
                                         .logger = Logger(),
                                         .core_count = kCores,
                                         .offline = true}));
  catalog.builder_ = std::make_unique<const control::ObjectBuilder>(control::all_kinds(),
                                                                    std::move(filters), kCores);
  return catalog;
}

}  // namespace sluice::egctl
