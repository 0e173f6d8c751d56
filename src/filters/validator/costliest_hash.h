// SPDX-License-Identifier: Apache-2.0
// CostliestHash: the hash with the most work among the items of a kind of custom data. It is looked
// for again after a change of the items.
#pragma once

#include <memory>
#include <string>

#include "base/mutex.h"
#include "pipeline/custom_data.h"

namespace sluice::filters {

// Any thread but a core's: the look at all items may take tens of milliseconds.
class CostliestHash {
 public:
  using Items = pipeline::CustomDataSnapshot::Items;

  // "" without a hash. `items`: null: there are none.
  [[nodiscard]] std::string among(const std::shared_ptr<const Items>& items);

 private:
  Mutex mutex_;
  std::weak_ptr<const Items> items_ SLUICE_GUARDED_BY(mutex_);
  std::string hash_ SLUICE_GUARDED_BY(mutex_);
};

// The hash of a user's password, in an item of custom data; "" without one that is usable.
[[nodiscard]] std::string hash_in_item(const Json& item);

}  // namespace sluice::filters
