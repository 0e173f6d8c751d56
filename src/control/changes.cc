// SPDX-License-Identifier: Apache-2.0
#include "control/changes.h"

#include <algorithm>

#include "config/faults.h"

namespace sluice::control {
namespace {

// Two servers on one port would take each other's connections. `all`: the objects after the change.
void check_port(const Objects& all, const Object& mine, config::Faults& faults) {
  const auto place = mine.runs() ? mine.prototype->listens() : std::nullopt;
  if (!place) return;
  for (const auto& [name, other] : all) {
    if (name == mine.name || !other->runs()) continue;
    const auto taken = other->prototype->listens();
    if (!taken || taken->port != place->port) continue;
    if (taken->address != place->address && !taken->address.empty() && !place->address.empty())
      continue;
    faults.add("port", std::to_string(place->port) + " is used by " + other->kind + " " + name);
  }
}

}  // namespace

std::unexpected<Error> Changes::stopping() {
  return fail(ErrorKind::unavailable,
              "this process is stopping, or another one takes over: say it again");
}

Result<void> Changes::load(std::vector<InheritedPort> inherited) {
  const MutexLock hold(mutex_);
  publisher_.ports().inherit(std::move(inherited));
  SLUICE_TRY(Objects stored, stored_.load());
  publisher_.publish(std::move(stored));
  return {};
}

void Changes::open_ports() {
  const MutexLock hold(mutex_);
  publisher_.open_all();
  for (const auto& [name, object] : publisher_.objects()) {
    if (object->is_being_built())
      logger_.warn(object->kind + " " + name + " is still being built; the others run");
  }
  publisher_.publish(publisher_.objects());
  publisher_.ports().drop_inherited();
}

Result<void> Changes::commit(const std::vector<Proposed>& proposed) {
  const MutexLock hold(mutex_);
  if (ending_) return stopping();
  Objects next = publisher_.objects();
  ObjectList changed;
  for (const Proposed& each : proposed) {
    if (!each.changes) continue;
    next.insert_or_assign(each.object->name, each.object);
    changed.push_back(each.object);
  }
  config::Faults faults;
  for (const Proposed& each : proposed) {
    config::Faults own;
    check_port(next, *each.object, own);
    for (const std::string& line : own.lines()) faults.add("", each.prefix + line);
  }
  if (!faults.empty()) return std::unexpected(faults.to_error());
  if (changed.empty()) return {};
  SLUICE_CHECK(stored_.save(changed, {}));
  publisher_.publish(std::move(next));
  return {};
}

Result<void> Changes::remove(const std::string& name) {
  const MutexLock hold(mutex_);
  if (ending_) return stopping();
  Objects next = publisher_.objects();
  if (next.erase(name) == 0) return fail(ErrorKind::not_found, "not found: " + name);
  SLUICE_CHECK(stored_.save({}, {name}));
  publisher_.publish(std::move(next));
  return {};
}

Result<std::size_t> Changes::remove_all(std::vector<std::string> names) {
  const MutexLock hold(mutex_);
  if (ending_) return stopping();
  Objects next = publisher_.objects();
  std::erase_if(names, [&next](const std::string& name) { return next.erase(name) == 0; });
  SLUICE_CHECK(stored_.save({}, names));
  publisher_.publish(std::move(next));
  return names.size();
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
  Objects next = publisher_.objects();
  ObjectList pinned;
  bool changed = false;
  for (auto& [before, after] : taken) {
    const auto place = next.find(before->name);
    if (ending_ || place == next.end() || place->second != before) continue;
    if (after->pins != before->pins) pinned.push_back(after);
    place->second = std::move(after);
    changed = true;
  }
  if (!changed) return;
  if (const auto saved = stored_.save_pins(pinned); !saved)
    logger_.error("which code runs cannot be stored: " + saved.error().message);
  publisher_.publish(std::move(next));
}

void Changes::retry_ports() {
  if (!publisher_.has_port_errors()) return;
  const MutexLock hold(mutex_);
  if (!ending_) publisher_.publish(publisher_.objects());
}

void Changes::end() {
  const MutexLock hold(mutex_);
  ending_ = true;
}

}  // namespace sluice::control
