// SPDX-License-Identifier: Apache-2.0
#include "control/stored_objects.h"

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>

#include "control/change_retries.h"
#include "control/stored_names.h"
#include "store/blobs.h"

namespace sluice::control {
namespace {

store::DocumentChange pins_change(const Object& object) {
  store::DocumentChange change{std::string(kPinsDocuments), object.name, std::nullopt, {}};
  if (object.pins.is_object() && !object.pins.empty()) change.value = object.pins.dump();
  return change;
}

// Whether the history of the object is another one than that of the object before.
bool has_new_history(const ObjectToSave& saved) {
  const Json none;
  return saved.object->history != (saved.before ? saved.before->history : none);
}

store::DocumentChange history_change(const ObjectToSave& saved, bool shared) {
  const Object& object = *saved.object;
  store::DocumentChange change{std::string(kHistoryDocuments), object.name, std::nullopt, {}};
  if (!object.history.is_null()) change.value = object.history.dump();
  if (shared) change.expected = saved.before ? saved.before->history_version : 0;
  return change;
}

}  // namespace

void set_versions(Object& object, const Object* before, store::Version version) {
  object.pins_version = object.pins.empty() ? 0 : version;
  if (before == nullptr || object.history != before->history)
    object.history_version = object.history.is_null() ? 0 : version;
  else
    object.history_version = before->history_version;
}

Result<Objects> StoredObjects::load() {
  SLUICE_TRY(Contents contents, read());
  seen_ = contents.version;
  return std::move(contents.objects);
}

void StoredObjects::note_number(std::string_view text, store::Version version) {
  number_ = std::strtoull(std::string(text).c_str(), nullptr, 10);
  number_version_ = version;
}

Result<void> StoredObjects::confirm() const {
  return confirm_unchanged(store_, kMetaDocuments, kNumberKey, number_version_);
}

store::DocumentChange StoredObjects::next_number() const {
  store::DocumentChange change{
      std::string(kMetaDocuments), std::string(kNumberKey), std::to_string(number_.load() + 1), {}};
  if (is_shared()) change.expected = number_version_;
  return change;
}

StoredObjects::Saved StoredObjects::save(const std::vector<ObjectToSave>& changed,
                                         const std::vector<std::string>& removed,
                                         ObjectVersion* kept) {
  std::vector<store::DocumentChange> changes;
  for (const auto& [object, before] : changed) {
    store::DocumentChange spec{
        std::string(kObjectDocuments), object->name, object->spec.dump(), {}};
    store::DocumentChange pins = pins_change(*object);
    if (is_shared()) {
      spec.expected = before != nullptr ? before->version : 0;
      pins.expected = before != nullptr ? before->pins_version : 0;
    }
    changes.push_back(std::move(spec));
    changes.push_back(std::move(pins));
    if (has_new_history({object, before}))
      changes.push_back(history_change({object, before}, is_shared()));
  }
  for (const std::string& name : removed) {
    changes.push_back({std::string(kObjectDocuments), name, std::nullopt, {}});
    changes.push_back({std::string(kPinsDocuments), name, std::nullopt, {}});
    changes.push_back({std::string(kHistoryDocuments), name, std::nullopt, {}});
  }
  SLUICE_CHECK(hold_code(changed, changes));
  changes.push_back(next_number());  // last: a changed object is the better explanation
  const std::string number = *changes.back().value;
  auto saved =
      kept != nullptr ? save_version(std::move(changes), *kept) : store_.change_documents(changes);
  if (saved) note_number(number, *saved);
  return saved;
}

// A version whose specs do not fit beside the objects of the change is kept without them.
StoredObjects::Saved StoredObjects::save_version(std::vector<store::DocumentChange> changes,
                                                 ObjectVersion& kept) {
  kept.number = number_.load() + 1;
  std::string document = encode(kept);
  kept.has_specs = document.size() <= kObjectVersionBytesMax;
  if (!kept.has_specs) document = encode_without_specs(kept);
  const std::size_t others = changes.size();
  while (true) {
    changes.resize(others);
    if (auto added = add_version(version_key(kept.number), document, changes); !added)
      return std::unexpected(store::DocumentFailure{std::move(added).error(), std::nullopt});
    auto saved = store_.change_documents(changes);
    if (saved) {
      for (std::size_t i = others; i < changes.size(); ++i) note_version(changes[i]);
      return saved;
    }
    if (saved.error().kind != ErrorKind::too_large || !kept.has_specs) return saved;
    kept.has_specs = false;
    document = encode_without_specs(kept);
  }
}

Result<void> StoredObjects::add_version(const std::string& key, const std::string& document,
                                        std::vector<store::DocumentChange>& changes) {
  if (!version_bytes_) {
    SLUICE_TRY(const auto stored, store_.documents(kVersionDocuments));
    version_bytes_.emplace();
    for (const auto& entry : stored.entries) version_bytes_->emplace(entry.key, entry.value.size());
  }
  std::size_t count = version_bytes_->size() + 1;
  std::size_t bytes = document.size();
  for (const auto& [oldest, size] : *version_bytes_) bytes += size;
  for (const auto& [oldest, size] : *version_bytes_) {
    if (count <= kObjectVersionsMax && bytes <= kObjectVersionBytesMax) break;
    changes.push_back({std::string(kVersionDocuments), oldest, std::nullopt, {}});
    --count;
    bytes -= size;
  }
  changes.push_back({std::string(kVersionDocuments), key, document, {}});
  return {};
}

void StoredObjects::note_version(const store::DocumentChange& change) {
  if (!version_bytes_) return;
  if (change.value)
    version_bytes_->insert_or_assign(change.key, change.value->size());
  else
    version_bytes_->erase(change.key);
}

Result<ObjectVersions> StoredObjects::versions(bool specs) const {
  SLUICE_TRY(const auto stored, store_.documents(kVersionDocuments));
  ObjectVersions versions;
  for (const auto& entry : stored.entries) {
    SLUICE_TRY(ObjectVersion version, decode_version(entry.key, entry.value, specs));
    versions.push_back(std::move(version));
  }
  return versions;
}

StoredObjects::Saved StoredObjects::save_pins(const std::vector<ObjectToSave>& built,
                                              const Announcement* ends) {
  std::vector<store::DocumentChange> changes;
  for (const auto& [object, before] : built) {
    changes.push_back(pins_change(*object));
    if (is_shared()) changes.back().expected = before != nullptr ? before->pins_version : 0;
    if (has_new_history({object, before}))
      changes.push_back(history_change({object, before}, is_shared()));
  }
  SLUICE_CHECK(hold_code(built, changes));
  if (ends != nullptr) {
    changes.push_back({std::string(kReloadDocuments), std::string(kAnnouncementKey), std::nullopt,
                       ends->version});
  }
  if (changes.empty()) return 0;
  return store_.change_documents(changes);
}

std::expected<void, store::DocumentFailure> StoredObjects::hold_code(
    const std::vector<ObjectToSave>& objects, std::vector<store::DocumentChange>& changes) const {
  if (!is_shared()) return {};
  std::set<std::string> hashes;
  for (const auto& [object, before] : objects) {
    for (const auto& [filter, hash] : code_hashes(object->pins)) hashes.insert(hash);
  }
  for (const std::string& hash : hashes) {
    auto held = store::Blobs(store_).hold(hash);
    if (!held) {
      if (held.error().kind == ErrorKind::not_found) held.error().kind = ErrorKind::conflict;
      return std::unexpected(store::DocumentFailure{std::move(held).error(), std::nullopt});
    }
    changes.push_back(*std::move(held));
  }
  return {};
}

StoredObjects::Saved StoredObjects::announce(const Announcement& announcement) {
  const auto current = announcement_.load();
  const std::vector<store::DocumentChange> changes{
      {std::string(kReloadDocuments), std::string(kAnnouncementKey), announcement.encode(),
       current ? current->version : 0}};
  return store_.change_documents(changes);
}

}  // namespace sluice::control
