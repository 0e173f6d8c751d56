// SPDX-License-Identifier: Apache-2.0
#include "control/stored_objects.h"

#include <cstdlib>
#include <nlohmann/json.hpp>

namespace sluice::control {
namespace {

constexpr std::string_view kObjects = "objects";
constexpr std::string_view kPins = "pins";
constexpr std::string_view kMeta = "meta";
constexpr std::string_view kVersionKey = "config-version";

store::DocumentChange pins_change(const Object& object) {
  store::DocumentChange change{std::string(kPins), object.name, std::nullopt};
  if (object.pins.is_object() && !object.pins.empty()) change.value = object.pins.dump();
  return change;
}

}  // namespace

Result<Objects> StoredObjects::load() {
  SLUICE_TRY(const auto meta, store_.documents(kMeta));
  for (const auto& entry : meta.entries) {
    if (entry.key == kVersionKey) version_ = std::strtoull(entry.value.c_str(), nullptr, 10);
  }
  SLUICE_TRY(const auto stored, store_.documents(kObjects));
  SLUICE_TRY(const auto pins, store_.documents(kPins));
  std::map<std::string, std::shared_ptr<Object>> objects;
  for (const auto& entry : stored.entries) {
    auto object = std::make_shared<Object>();
    object->name = entry.key;
    object->spec = Json::parse(entry.value, nullptr, false);
    object->kind = object->spec.is_object() ? object->spec.value("kind", "") : "";
    objects.emplace(entry.key, std::move(object));
  }
  for (const auto& entry : pins.entries) {
    const auto found = objects.find(entry.key);
    if (found != objects.end()) found->second->pins = Json::parse(entry.value, nullptr, false);
  }
  return Objects(objects.begin(), objects.end());
}

Result<void> StoredObjects::save(const ObjectList& changed,
                                 const std::vector<std::string>& removed) {
  const std::uint64_t next = version_.load() + 1;
  std::vector<store::DocumentChange> changes;
  for (const auto& object : changed) {
    changes.push_back({std::string(kObjects), object->name, object->spec.dump()});
    changes.push_back(pins_change(*object));
  }
  for (const std::string& name : removed) {
    changes.push_back({std::string(kObjects), name, std::nullopt});
    changes.push_back({std::string(kPins), name, std::nullopt});
  }
  changes.push_back({std::string(kMeta), std::string(kVersionKey), std::to_string(next)});
  SLUICE_CHECK(store_.change_documents(changes));
  version_.store(next);
  return {};
}

Result<void> StoredObjects::save_pins(const ObjectList& built) {
  std::vector<store::DocumentChange> changes;
  for (const auto& object : built) changes.push_back(pins_change(*object));
  if (!changes.empty()) SLUICE_CHECK(store_.change_documents(changes));
  return {};
}

}  // namespace sluice::control
