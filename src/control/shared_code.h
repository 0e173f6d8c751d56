// SPDX-License-Identifier: Apache-2.0
// SharedCode: clears the code in the store of a cluster that no object names any more. Each member
// does it; whoever is first clears, and the others find nothing.
#pragma once

#include <set>
#include <string>
#include <utility>

#include "base/log.h"
#include "base/result.h"
#include "store/blobs.h"
#include "store/store.h"

namespace sluice::control {

// One thread.
class SharedCode {
 public:
  // Between the upload of code and the change that names it lie seconds, with a reload a minute.
  static constexpr std::chrono::minutes kGrace{10};
  static constexpr std::chrono::minutes kSweepPeriod{1};

  SharedCode(store::Store& store, Logger logger) : store_(store), logger_(std::move(logger)) {}

  // Call often. Clears once in a while; does nothing on a store of one process.
  void sweep();
  // Clears what has been unused for `grace`.
  void clear(Duration grace);

 private:
  // The hashes in all stored pins and histories, and in the pins of an announced reload.
  [[nodiscard]] Result<std::set<std::string>> list_used();

  store::Store& store_;
  const Logger logger_;
  store::Blobs::UnusedBlobs unused_;
  TimePoint next_{};
};

}  // namespace sluice::control
