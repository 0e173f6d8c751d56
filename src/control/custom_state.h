// SPDX-License-Identifier: Apache-2.0
// CustomState: all custom data at one moment, and the documents that make one state of another.
// Immutable; any thread.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "control/custom_kind.h"
#include "pipeline/custom_data.h"
#include "store/store.h"

namespace sluice::control {

// Of all kinds together.
inline constexpr std::size_t kCustomKindsMax = 100;
inline constexpr std::size_t kCustomItemsMax = 100'000;
inline constexpr std::size_t kCustomBytesMax = std::size_t{32} << 20;  // items as JSON, and ids
// Of one change: it is one transaction of the store, on etcd as well.
inline constexpr std::size_t kCustomChangeItemsMax = 3000;
inline constexpr std::size_t kCustomChangeBytesMax = std::size_t{1} << 20;

struct CustomState {
  using Items = pipeline::CustomDataSnapshot::Items;
  struct OfKind {
    std::shared_ptr<const CustomKind> kind;
    std::shared_ptr<const Items> items;  // never null
  };
  std::map<std::string, OfKind, std::less<>> kinds;
  std::size_t bytes = 0;  // of the stored items and their ids; with_changes() keeps it

  [[nodiscard]] std::size_t count() const;  // of items
  // For the filters; null: no kinds.
  [[nodiscard]] std::shared_ptr<const pipeline::CustomDataSnapshot> snapshot() const;
};

// Error `too_large`: more than the bounds above.
[[nodiscard]] Result<void> check_bounds(const CustomState& state);

// Collects the kinds and items of a backup. One thread at a time.
class CustomDraft {
 public:
  void put(std::shared_ptr<const CustomKind> kind);
  // Errors: `invalid` for an item that its kind does not admit, or whose kind did not come before;
  // `too_large` as of check_bounds().
  [[nodiscard]] Result<void> put(const std::string& kind, const std::string& id, Json item);
  // Once. Error `too_large`.
  [[nodiscard]] Result<CustomState> finish();

 private:
  CustomState state_;
  std::map<std::string, std::shared_ptr<CustomState::Items>, std::less<>> items_;
  std::size_t count_ = 0;
};

// The changes of documents that make `after` of `before`: items that go, kinds and items that are
// put, kinds that go.
[[nodiscard]] std::vector<store::DocumentChange> changes_between(const CustomState& before,
                                                                 const CustomState& after);
// The longest prefix of `changes` within the bounds of one change, at least one of them.
[[nodiscard]] std::span<const store::DocumentChange> first_step(
    std::span<const store::DocumentChange> changes);
// The error of a change of which first_step() is only a part.
[[nodiscard]] std::unexpected<Error> too_much_for_one_change();
// The state after `changes`. Leaves out documents that are not of custom data, and adds a line to
// `faults` for each that cannot be read.
[[nodiscard]] CustomState with_changes(const CustomState& before,
                                       std::span<const store::DocumentChange> changes,
                                       std::vector<std::string>& faults);

}  // namespace sluice::control
