// SPDX-License-Identifier: Apache-2.0
// Custom data, as filters look it up: items of a kind, by id. Control publishes a snapshot to each
// core.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/json.h"

namespace sluice::pipeline {

// Immutable; any thread.
class CustomDataSnapshot {
 public:
  using Items = std::map<std::string, std::shared_ptr<const Json>, std::less<>>;   // by id
  using Kinds = std::map<std::string, std::shared_ptr<const Items>, std::less<>>;  // by name
  explicit CustomDataSnapshot(Kinds kinds) : kinds_(std::move(kinds)) {}

  // Null: there is no such item. Valid as long as the snapshot.
  [[nodiscard]] const Json* find(std::string_view kind, std::string_view id) const;
  // Null: there is no such kind. Another pointer after each change of an item of it.
  [[nodiscard]] std::shared_ptr<const Items> items(std::string_view kind) const;

 private:
  Kinds kinds_;
};

// Core-bound. The snapshot may be replaced between two turns of the loop: a filter that waits
// copies the pointer.
class CustomDataSlot {
 public:
  [[nodiscard]] const std::shared_ptr<const CustomDataSnapshot>& get() const { return now_; }
  void put(std::shared_ptr<const CustomDataSnapshot> now) { now_ = std::move(now); }

 private:
  std::shared_ptr<const CustomDataSnapshot> now_;  // null: no custom data
};

}  // namespace sluice::pipeline
