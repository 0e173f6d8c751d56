// SPDX-License-Identifier: Apache-2.0
#include "control/changes.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/code_history.h"
#include "control/object_versions.h"
#include "control/utc_text.h"
#include "control/validation.h"

namespace sluice::control {
namespace {

// `trouble`: of the store; "" if it is well.
std::unexpected<Error> refusal(store::DocumentFailure failure, const std::string& trouble) {
  if (!failure.mismatch) return std::unexpected<Error>(std::move(failure));
  if (!trouble.empty()) return fail(ErrorKind::unavailable, "nothing was changed: " + trouble);
  if (StoredObjects::is_of_others(failure))
    return fail(ErrorKind::unavailable, "other members change objects all the time: try again");
  return fail(ErrorKind::conflict, "another member has changed " + failure.mismatch->key +
                                       " at the same time: try again");
}

// The object with the version of its documents.
std::shared_ptr<const Object> as_stored(const ObjectToSave& saved, store::Version version) {
  auto stored = std::make_shared<Object>(*saved.object);
  stored->version = version;
  set_versions(*stored, saved.before.get(), version);
  return stored;
}

// The change as one of the versions. `removed`: objects in force.
ObjectVersion version_of(const std::vector<ObjectToSave>& changed, const ObjectList& removed,
                         const ChangeOrigin& origin) {
  ObjectVersion version{.at = utc_text(std::chrono::system_clock::now()), .origin = origin};
  for (const auto& [object, before] : changed) {
    version.changes.push_back({object->kind, object->name, before ? "updated" : "created",
                               before ? before->spec : Json()});
  }
  for (const auto& object : removed)
    version.changes.push_back({object->kind, object->name, "deleted", object->spec});
  return version;
}

// Takes the objects of those names out of `objects`.
ObjectList take_out(Objects& objects, const std::vector<std::string>& names) {
  ObjectList taken;
  for (const std::string& name : names) {
    const auto found = objects.find(name);
    if (found == objects.end()) continue;
    taken.push_back(found->second);
    objects.erase(found);
  }
  return taken;
}

std::vector<std::string> object_names(const ObjectList& objects) {
  std::vector<std::string> names;
  for (const auto& object : objects) names.push_back(object->name);
  return names;
}

}  // namespace

std::unexpected<Error> Changes::stopping() {
  return fail(ErrorKind::unavailable, std::string(kStopping));
}

// A member notes that it runs an object after the object's limits are durable.
void Changes::publish(Objects next) {
  for (const auto& [name, object] : next) {
    if (!object->is_current()) continue;
    const auto before = publisher_.find(name);
    const bool same = before && before->is_current() && before->prototype == object->prototype &&
                      before->version == object->version;
    if (!same) object->prototype->hold_limits(object->version);
  }
  publisher_.publish(std::move(next));
  notes_.update();
}

Result<void> Changes::load(std::vector<InheritedPort> inherited) {
  const MutexLock hold(mutex_);
  publisher_.ports().inherit(std::move(inherited));
  SLUICE_TRY(Objects stored, stored_.load());
  publish(std::move(stored));
  return {};
}

void Changes::open_ports() {
  const MutexLock hold(mutex_);
  publisher_.open_all();
  for (const auto& [name, object] : publisher_.objects()) {
    if (object->is_being_built())
      logger_.warn(object->kind + " " + name + " is still being built; the others run");
  }
  publish(publisher_.objects());
  publisher_.ports().drop_inherited();
}

Result<void> Changes::check_version(const CommitTerms& terms) const {
  if (!terms.only_after || *terms.only_after == stored_.version()) return {};
  return fail(ErrorKind::conflict,
              "the objects are of version " + std::to_string(stored_.version()) + " by now");
}

Result<void> Changes::commit(const std::vector<Proposed>& proposed, const CommitTerms& terms) {
  const MutexLock hold(mutex_);
  if (ending_) return stopping();
  std::vector<ObjectToSave> changed;
  for (const Proposed& each : proposed) {
    if (each.changes)
      changed.push_back({with_history(each.object, each.before.get(), each.change), each.before});
  }
  for (ChangeRetries retries;;) {
    SLUICE_CHECK(check_version(terms));
    Objects next = publisher_.objects();
    const ObjectList removed = take_out(next, terms.removed);
    for (const auto& [object, before] : changed) next.insert_or_assign(object->name, object);
    SLUICE_CHECK(check_ports(proposed, next, publisher_.internal()));
    if (changed.empty() && removed.empty()) return stored_.confirm();
    ObjectVersion version = version_of(changed, removed, terms.origin);
    const auto saved = stored_.save(changed, object_names(removed), &version);
    if (saved) {
      if (stored_.is_shared()) {
        for (const ObjectToSave& each : changed)
          next.insert_or_assign(each.object->name, as_stored(each, *saved));
      }
      publish(std::move(next));
      return {};
    }
    SLUICE_CHECK(await_retry(saved.error(), retries));
  }
}

Result<void> Changes::check(const std::vector<Proposed>& proposed,
                            const std::vector<std::string>& removed) {
  const MutexLock hold(mutex_);
  if (ending_) return stopping();
  Objects next = publisher_.objects();
  take_out(next, removed);
  for (const Proposed& each : proposed) {
    if (each.changes) next.insert_or_assign(each.object->name, each.object);
  }
  return check_ports(proposed, next, publisher_.internal());
}

bool Changes::may_try_again(const store::DocumentFailure& failure) {
  if (!failure.mismatch || !stored_.is_shared()) return false;
  if (const auto followed = follow_locked(); !followed) {
    logger_.error("the changes of other members cannot be read: " + followed.error().message);
    return false;
  }
  return StoredObjects::is_of_others(failure);
}

Result<void> Changes::await_retry(const store::DocumentFailure& failure, ChangeRetries& retries) {
  const bool again = may_try_again(failure);
  const std::string trouble = stored_.trouble();
  if (!again || !trouble.empty() || !retries.wait(mutex_, ended_)) return refusal(failure, trouble);
  return ending_ ? Result<void>(stopping()) : Result<void>();
}

Result<void> Changes::remove_locked(const std::vector<std::string>& names,
                                    const ChangeOrigin& origin) {
  for (ChangeRetries retries;;) {
    Objects next = publisher_.objects();
    const ObjectList there = take_out(next, names);
    if (there.empty()) return stored_.confirm();
    ObjectVersion version = version_of({}, there, origin);
    const auto saved = stored_.save({}, object_names(there), &version);
    if (saved) {
      publish(std::move(next));
      return {};
    }
    SLUICE_CHECK(await_retry(saved.error(), retries));
  }
}

Result<void> Changes::remove(const std::string& name, const ChangeOrigin& origin) {
  const MutexLock hold(mutex_);
  if (ending_) return stopping();
  if (!publisher_.find(name)) return fail(ErrorKind::not_found, "not found: " + name);
  return remove_locked({name}, origin);
}

Result<ObjectList> Changes::remove_all(const std::vector<std::string>& names,
                                       const ChangeOrigin& origin) {
  const MutexLock hold(mutex_);
  if (ending_) return stopping();
  Objects objects = publisher_.objects();
  ObjectList there = take_out(objects, names);
  SLUICE_CHECK(remove_locked(object_names(there), origin));
  return there;
}

Changes::InForce Changes::in_force() {
  const MutexLock hold(mutex_);
  return {publisher_.objects(), stored_.version()};
}

void Changes::replace(std::shared_ptr<const Object> object, std::shared_ptr<const Object> built) {
  {
    const MutexLock lock(ready_mutex_);
    ready_.emplace_back(std::move(object), std::move(built));
  }
  const MutexLock hold(mutex_);
  std::vector<ObjectUpdate> taken;
  {
    const MutexLock lock(ready_mutex_);
    taken.swap(ready_);
  }
  if (ending_) return;
  drop_stale(taken);
  save_pins(taken);
  if (taken.empty()) return;
  Objects next = publisher_.objects();
  for (const auto& [before, after] : taken) next.insert_or_assign(after->name, after);
  publish(std::move(next));
}

void Changes::drop_stale(std::vector<ObjectUpdate>& updates) const {
  std::erase_if(updates, [this](const ObjectUpdate& update) {
    return publisher_.find(update.first->name) != update.first;
  });
}

void Changes::save_pins(std::vector<ObjectUpdate>& updates) {
  std::vector<ObjectToSave> pinned;
  for (auto& [before, after] : updates) {
    if (after->pins == before->pins) continue;
    after = with_history(after, before.get(), after->change);
    pinned.push_back({after, before});
  }
  const auto saved = stored_.save_pins(pinned);
  if (saved && stored_.is_shared()) {
    for (auto& [before, after] : updates) {
      if (after->pins == before->pins) continue;
      auto stored = std::make_shared<Object>(*after);
      set_versions(*stored, before.get(), *saved);
      after = std::move(stored);
    }
  }
  if (saved) return;
  logger_.error("which code runs cannot be stored: " + saved.error().message);
  if (!saved.error().mismatch) return;
  // Another member has chosen the code: that is built next.
  std::erase_if(updates, [](const ObjectUpdate& update) {
    return update.second->pins != update.first->pins;
  });
  (void)may_try_again(saved.error());
  drop_stale(updates);
}

Result<void> Changes::follow() {
  const MutexLock hold(mutex_);
  return follow_locked();
}

Result<void> Changes::follow_locked() {
  Objects next = publisher_.objects();
  SLUICE_TRY(const bool changed, stored_.follow(next));
  if (!changed || ending_) return {};
  adopt_candidates(next);
  publish(std::move(next));
  return {};
}

void Changes::publish_custom_data(std::shared_ptr<const pipeline::CustomDataSnapshot> data,
                                  bool before_start) {
  const MutexLock hold(mutex_);
  if (ending_) return;
  publisher_.set_custom_data(std::move(data));
  if (!before_start) publish(publisher_.objects());
}

Result<void> Changes::renew_internal(
    const std::function<Result<ObjectList>(const ObjectList&)>& renew) {
  const MutexLock hold(mutex_);
  if (ending_) return stopping();
  SLUICE_TRY(ObjectList next, renew(publisher_.internal()));
  publisher_.set_internal(std::move(next));
  publish(publisher_.objects());
  return {};
}

void Changes::retry_ports() {
  if (!publisher_.has_port_errors()) return;
  const MutexLock hold(mutex_);
  if (!ending_) publish(publisher_.objects());
}

void Changes::end() {
  const MutexLock hold(mutex_);
  ending_ = true;
  ended_.notify_all();
}

}  // namespace sluice::control
