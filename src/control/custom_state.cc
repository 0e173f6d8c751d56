// SPDX-License-Identifier: Apache-2.0
#include "control/custom_state.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "control/stored_names.h"

namespace sluice::control {
namespace {

using Items = CustomState::Items;
using Pointer = std::shared_ptr<const Json>;

std::string stored_text(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string item_key(const std::string& kind, const std::string& id) { return kind + "/" + id; }

std::size_t size_of(const std::string& id, const Json& item) {
  return id.size() + stored_text(item).size();
}

Result<void> check_size(std::size_t items, std::size_t bytes) {
  if (items > kCustomItemsMax) {
    return fail(ErrorKind::too_large, "there would be more than " +
                                          std::to_string(kCustomItemsMax) +
                                          " items of custom data, all kinds together");
  }
  if (bytes <= kCustomBytesMax) return {};
  return fail(ErrorKind::too_large, "custom data would have more than " +
                                        std::to_string(kCustomBytesMax >> 20) +
                                        " MiB, all kinds together");
}

const Items& items_of(const CustomState& state, const std::string& kind) {
  static const Items kNone;
  const auto found = state.kinds.find(kind);
  return found != state.kinds.end() ? *found->second.items : kNone;
}

// Appends the documents of the items that differ.
void put_items(const std::string& kind, const Items& before, const Items& after,
               std::vector<store::DocumentChange>& out) {
  for (const auto& [id, item] : after) {
    const auto there = before.find(id);
    if (there != before.end() && (there->second == item || *there->second == *item)) continue;
    out.push_back({std::string(kCustomItemDocuments), item_key(kind, id), stored_text(*item), {}});
  }
}

void erase_items(const std::string& kind, const Items& before, const Items& after,
                 std::vector<store::DocumentChange>& out) {
  for (const auto& [id, item] : before) {
    if (!after.contains(id))
      out.push_back({std::string(kCustomItemDocuments), item_key(kind, id), std::nullopt, {}});
  }
}

// The next state: copies the items of each kind that a change touches, once.
class Draft {
 public:
  explicit Draft(const CustomState& before) : state_(before) {}

  void put_kind(const std::string& name, std::shared_ptr<const CustomKind> kind) {
    CustomState::OfKind& of_kind = state_.kinds[name];
    of_kind.kind = std::move(kind);
    if (!of_kind.items) of_kind.items = std::make_shared<const Items>();
  }
  // With the items that it still has.
  void erase_kind(const std::string& name) {
    if (const Items* items = touched(name)) {
      for (const auto& [id, item] : *items) state_.bytes -= size_of(id, *item);
    }
    state_.kinds.erase(name);
    touched_.erase(name);
  }
  void put_item(const std::string& kind, const std::string& id, Json item) {
    Items* items = touched(kind);
    if (items == nullptr) return;  // its kind went, or cannot be read
    Pointer& place = (*items)[id];
    if (place) state_.bytes -= size_of(id, *place);
    state_.bytes += size_of(id, item);
    place = std::make_shared<const Json>(std::move(item));
  }
  void erase_item(const std::string& kind, const std::string& id) {
    Items* items = touched(kind);
    if (items == nullptr) return;
    const auto found = items->find(id);
    if (found == items->end()) return;
    state_.bytes -= size_of(id, *found->second);
    items->erase(found);
  }
  CustomState finish() {
    for (auto& [kind, items] : touched_) state_.kinds[kind].items = std::move(items);
    return std::move(state_);
  }

 private:
  // Null: there is no such kind.
  Items* touched(const std::string& kind) {
    if (const auto found = touched_.find(kind); found != touched_.end()) return found->second.get();
    const auto found = state_.kinds.find(kind);
    if (found == state_.kinds.end()) return nullptr;
    auto copy = std::make_shared<Items>(*found->second.items);
    return touched_.emplace(kind, std::move(copy)).first->second.get();
  }

  CustomState state_;
  std::map<std::string, std::shared_ptr<Items>> touched_;
};

void take_kind(const store::DocumentChange& change, Draft& draft,
               std::vector<std::string>& faults) {
  if (!change.value) return draft.erase_kind(change.key);
  config::Faults own;
  auto kind = restore_custom_kind(Json::parse(*change.value, nullptr, false), own);
  if (kind && kind->name == change.key) return draft.put_kind(change.key, std::move(kind));
  faults.push_back("CustomDataKind " + change.key + " cannot be read" +
                   (own.empty() ? "" : ": " + own.lines().front()));
}

void take_item(const store::DocumentChange& change, Draft& draft,
               std::vector<std::string>& faults) {
  const std::size_t slash = std::min(change.key.find('/'), change.key.size());
  const std::string kind = change.key.substr(0, slash);
  const std::string id = change.key.substr(std::min(slash + 1, change.key.size()));
  if (!change.value) return draft.erase_item(kind, id);
  Json item = Json::parse(*change.value, nullptr, false);
  if (item.is_object()) return draft.put_item(kind, id, std::move(item));
  faults.push_back("CustomData " + change.key + " cannot be read");
}

std::size_t bytes_of(const store::DocumentChange& change) {
  return change.key.size() + (change.value ? change.value->size() : 0);
}

}  // namespace

std::size_t CustomState::count() const {
  std::size_t count = 0;
  for (const auto& [name, of_kind] : kinds) count += of_kind.items->size();
  return count;
}

std::shared_ptr<const pipeline::CustomDataSnapshot> CustomState::snapshot() const {
  if (kinds.empty()) return nullptr;
  pipeline::CustomDataSnapshot::Kinds all;
  for (const auto& [name, of_kind] : kinds) all.emplace(name, of_kind.items);
  return std::make_shared<const pipeline::CustomDataSnapshot>(std::move(all));
}

Result<void> check_bounds(const CustomState& state) {
  if (state.kinds.size() > kCustomKindsMax) {
    return fail(ErrorKind::too_large,
                "there would be more than " + std::to_string(kCustomKindsMax) + " kinds");
  }
  return check_size(state.count(), state.bytes);
}

void CustomDraft::put(std::shared_ptr<const CustomKind> kind) {
  items_.emplace(kind->name, std::make_shared<Items>());
  const std::string name = kind->name;
  state_.kinds[name].kind = std::move(kind);
}

Result<void> CustomDraft::put(const std::string& kind, const std::string& id, Json item) {
  const std::string label = "CustomData " + kind + " " + config::quote(id);
  const auto items = items_.find(kind);
  if (items == items_.end()) return fail(ErrorKind::invalid, label + " is of no kind");
  const CustomKind& its_kind = *state_.kinds[kind].kind;
  config::Faults faults;
  check_custom_item(its_kind, item, label, faults);
  if (!faults.empty()) return std::unexpected(faults.to_error());
  if (id_of(its_kind, item) != id) return fail(ErrorKind::invalid, label + " has another id");
  state_.bytes += size_of(id, item);
  const bool is_new =
      items->second->emplace(id, std::make_shared<const Json>(std::move(item))).second;
  if (!is_new) return fail(ErrorKind::invalid, label + " is there twice");
  return check_size(++count_, state_.bytes);
}

Result<CustomState> CustomDraft::finish() {
  for (auto& [name, items] : items_) state_.kinds[name].items = std::move(items);
  SLUICE_CHECK(check_bounds(state_));
  return std::move(state_);
}

std::vector<store::DocumentChange> changes_between(const CustomState& before,
                                                   const CustomState& after) {
  std::vector<store::DocumentChange> out;
  for (const auto& [name, of_kind] : before.kinds) {
    const Items& now = items_of(after, name);
    if (&now != of_kind.items.get()) erase_items(name, *of_kind.items, now, out);
  }
  for (const auto& [name, of_kind] : after.kinds) {
    const auto there = before.kinds.find(name);
    const bool same = there != before.kinds.end() && there->second.kind->spec == of_kind.kind->spec;
    if (!same) {
      out.push_back({std::string(kCustomKindDocuments), name, stored_text(of_kind.kind->spec), {}});
    }
    const Items& was = items_of(before, name);
    if (&was != of_kind.items.get()) put_items(name, was, *of_kind.items, out);
  }
  for (const auto& [name, of_kind] : before.kinds) {
    if (!after.kinds.contains(name))
      out.push_back({std::string(kCustomKindDocuments), name, std::nullopt, {}});
  }
  return out;
}

std::span<const store::DocumentChange> first_step(std::span<const store::DocumentChange> changes) {
  std::size_t count = 0;
  std::size_t bytes = 0;
  while (count < changes.size() && count < kCustomChangeItemsMax) {
    bytes += bytes_of(changes[count]);
    if (count > 0 && bytes > kCustomChangeBytesMax) break;
    ++count;
  }
  return changes.first(count);
}

std::unexpected<Error> too_much_for_one_change() {
  return fail(ErrorKind::too_large,
              "one change has at most " + std::to_string(kCustomChangeItemsMax) + " items and " +
                  std::to_string(kCustomChangeBytesMax >> 20) + " MiB: send it in parts");
}

CustomState with_changes(const CustomState& before, std::span<const store::DocumentChange> changes,
                         std::vector<std::string>& faults) {
  Draft draft(before);
  // A change may hold a kind and its items, in any order.
  for (const store::DocumentChange& change : changes) {
    if (change.collection == kCustomKindDocuments) take_kind(change, draft, faults);
  }
  for (const store::DocumentChange& change : changes) {
    if (change.collection == kCustomItemDocuments) take_item(change, draft, faults);
  }
  return draft.finish();
}

}  // namespace sluice::control
