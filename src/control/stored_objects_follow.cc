// SPDX-License-Identifier: Apache-2.0
// The changes of the stored objects that other members have made.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/read_together.h"
#include "control/stored_names.h"
#include "control/stored_objects.h"
#include "store/blobs.h"

namespace sluice::control {
namespace {

Json parse(const std::string& text) { return Json::parse(text, nullptr, false); }

std::shared_ptr<Object> copy_of(const Objects& objects, const std::string& name) {
  const auto found = objects.find(name);
  auto copy = found != objects.end() ? std::make_shared<Object>(*found->second)
                                     : std::make_shared<Object>();
  copy->name = name;
  return copy;
}

// "No pins" has two forms.
bool same_pins(const Json& a, const Json& b) { return a == b || (a.empty() && b.empty()); }

// Another spec or other pins than those of the prototype.
void fall_behind(Object& object) {
  object.error.clear();
  object.behind = object.runs();
}

void put_spec(Objects& objects, const std::string& name, const Json& spec, store::Version version) {
  auto object = copy_of(objects, name);
  const auto before = std::make_shared<const Object>(*object);
  object->spec = spec;
  object->kind = spec.is_object() ? spec.value("kind", "") : "";
  object->version = version;
  if (object->kind != before->kind) {
    object->prototype = nullptr;
    object->states = nullptr;
  }
  if (!before->is_current() || !same_spec(*before, *object)) fall_behind(*object);
  objects.insert_or_assign(name, std::move(object));
}

void put_pins(Objects& objects, const std::string& name, const Json& pins, store::Version version) {
  auto object = copy_of(objects, name);
  object->pins_version = version;
  if (!same_pins(object->pins, pins)) {
    object->pins = pins;
    fall_behind(*object);
  }
  objects.insert_or_assign(name, std::move(object));
}

void put_history(Objects& objects, const std::string& name, const Json& history,
                 store::Version version) {
  auto object = copy_of(objects, name);
  object->history = history;
  object->history_version = version;
  objects.insert_or_assign(name, std::move(object));
}

bool take_history(const store::DocumentChange& change, store::Version version, Objects& objects) {
  const auto found = objects.find(change.key);
  if (found == objects.end() || found->second->history_version >= version) return false;
  if (version < found->second->version) return false;  // a later own change had it, too
  if (!change.value && found->second->history_version == 0) return false;
  put_history(objects, change.key, change.value ? parse(*change.value) : Json(),
              change.value ? version : 0);
  return true;
}

// Returns true if `objects` has changed. An own change has its version already.
bool take_spec(const store::DocumentChange& change, store::Version version, Objects& objects) {
  const auto found = objects.find(change.key);
  if (found != objects.end() && found->second->version >= version) return false;
  if (change.value) {
    put_spec(objects, change.key, parse(*change.value), version);
    return true;
  }
  if (found == objects.end()) return false;
  objects.erase(found);
  return true;
}

bool take_pins(const store::DocumentChange& change, store::Version version, Objects& objects) {
  const auto found = objects.find(change.key);
  if (found == objects.end() || found->second->pins_version >= version) return false;
  if (found->second->version > version) return false;  // a later own change had the pins, too
  if (!change.value && found->second->pins_version == 0) return false;
  put_pins(objects, change.key, change.value ? parse(*change.value) : Json(),
           change.value ? version : 0);
  return true;
}

}  // namespace

Result<StoredObjects::Contents> StoredObjects::read() {
  SLUICE_TRY(const auto documents, read_together<4>(store_, {kMetaDocuments, kObjectDocuments,
                                                             kPinsDocuments, kHistoryDocuments}));
  const auto& [meta, specs, pins, histories] = documents;
  Contents contents;
  contents.version = std::min({meta.version, specs.version, pins.version, histories.version});
  for (const auto& entry : meta.entries) {
    if (entry.key == kNumberKey) note_number(entry.value, entry.version);
  }
  SLUICE_TRY(const auto reload, store_.documents(kReloadDocuments));
  note_announcement(std::nullopt, 0);
  for (const auto& entry : reload.entries) {
    if (entry.key == kAnnouncementKey) note_announcement(entry.value, entry.version);
  }
  for (const auto& entry : specs.entries)
    put_spec(contents.objects, entry.key, parse(entry.value), entry.version);
  for (const auto& entry : pins.entries) {
    if (contents.objects.contains(entry.key))
      put_pins(contents.objects, entry.key, parse(entry.value), entry.version);
  }
  for (const auto& entry : histories.entries) {
    if (contents.objects.contains(entry.key))
      put_history(contents.objects, entry.key, parse(entry.value), entry.version);
  }
  return contents;
}

Result<bool> StoredObjects::wait(TimePoint deadline) {
  const store::Version seen = seen_;
  SLUICE_TRY(const store::DocumentNews news, store_.document_news(seen, deadline));
  return news.read_anew || news.version != seen;
}

Result<bool> StoredObjects::follow(Objects& objects) {
  SLUICE_TRY(const store::DocumentNews news, store_.document_news(seen_, Clock::now()));
  if (news.read_anew) return read_anew(objects);
  for (const auto& [version, change] : news.events) {
    if (change.collection == kMetaDocuments && change.key == kNumberKey && change.value)
      note_number(*change.value, version);
    if (change.collection == kReloadDocuments && change.key == kAnnouncementKey)
      note_announcement(change.value, version);
    if (change.collection == kVersionDocuments) note_version(change);
  }
  bool changed = false;
  // A change has the spec and the pins of an object, in any order.
  for (auto begin = news.events.begin(); begin != news.events.end();) {
    const auto end = std::find_if(begin, news.events.end(), [begin](const auto& event) {
      return event.version != begin->version;
    });
    for (auto event = begin; event != end; ++event) {
      if (event->change.collection != kObjectDocuments) continue;
      changed = take_spec(event->change, event->version, objects) || changed;
    }
    for (auto event = begin; event != end; ++event) {
      if (event->change.collection != kPinsDocuments) continue;
      changed = take_pins(event->change, event->version, objects) || changed;
    }
    for (auto event = begin; event != end; ++event) {
      if (event->change.collection != kHistoryDocuments) continue;
      changed = take_history(event->change, event->version, objects) || changed;
    }
    begin = end;
  }
  seen_ = news.version;
  return changed;
}

// Versions may have gone back, if the store was restored. So any other version is a change.
Result<bool> StoredObjects::read_anew(Objects& objects) {
  SLUICE_TRY(const Contents stored, read());
  version_bytes_.reset();
  bool changed = std::erase_if(objects, [&stored](const auto& entry) {
                   return !stored.objects.contains(entry.first);
                 }) > 0;
  for (const auto& [name, object] : stored.objects) {
    const auto found = objects.find(name);
    const bool same = found != objects.end() && found->second->version == object->version &&
                      found->second->pins_version == object->pins_version &&
                      found->second->history_version == object->history_version;
    if (same) continue;
    put_spec(objects, name, object->spec, object->version);
    put_pins(objects, name, object->pins, object->pins_version);
    put_history(objects, name, object->history, object->history_version);
    changed = true;
  }
  seen_ = stored.version;
  return changed;
}

void StoredObjects::note_announcement(const std::optional<std::string>& text,
                                      store::Version version) {
  if (!text) return announcement_.store(nullptr);
  auto decoded = Announcement::decode(*text, version);
  if (!decoded) {  // stale, so that the next one replaces it
    decoded.emplace().version = version;
    decoded->seen = Clock::now() - 2 * Announcement::kAgeMax;
  }
  announcement_.store(std::make_shared<const Announcement>(*std::move(decoded)));
}

bool StoredObjects::is_of_others(const store::DocumentFailure& failure) {
  return failure.mismatch && (failure.mismatch->collection == kMetaDocuments ||
                              failure.mismatch->collection == store::Blobs::kIndexes);
}

}  // namespace sluice::control
