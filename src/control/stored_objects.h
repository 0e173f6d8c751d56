// SPDX-License-Identifier: Apache-2.0
// StoredObjects: the documents of the controller in the store.
//   objects/<name>       the completed spec
//   pins/<name>          Object::pins, if there are any
//   meta/config-version  the number of changes so far
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "control/object.h"
#include "store/store.h"

namespace sluice::control {

// version(): any thread. The rest: one thread at a time, which may block for the disk.
class StoredObjects {
 public:
  explicit StoredObjects(store::Store& store) : store_(store) {}

  // Loads all objects, as being built. version() continues from the stored one.
  [[nodiscard]] Result<Objects> load();
  // Saves all or nothing; durable on return. Increments the version.
  [[nodiscard]] Result<void> save(const ObjectList& changed,
                                  const std::vector<std::string>& removed);
  // Saves only the pins. The version stays, because the user has changed nothing.
  [[nodiscard]] Result<void> save_pins(const ObjectList& built);
  [[nodiscard]] std::uint64_t version() const { return version_.load(); }

 private:
  store::Store& store_;
  std::atomic<std::uint64_t> version_{0};
};

}  // namespace sluice::control
