// SPDX-License-Identifier: Apache-2.0
#include "control/loader.h"

namespace sluice::control {

void Loader::build_missing() {
  for (const auto& [name, object] : publisher_.objects()) {
    if (!object->is_current()) build_soon(name);
  }
}

void Loader::build_new() {
  for (const auto& [name, object] : publisher_.objects()) {
    if (object->is_being_built()) build_soon(name);
  }
}

void Loader::build_soon(const std::string& name) {
  {
    const MutexLock lock(mutex_);
    if (!awaited_.insert(name).second) return;
  }
  crew_.run([this, name] {
    while (build_now(name)) {
    }
    const MutexLock lock(mutex_);
    awaited_.erase(name);
  });
}

bool Loader::build_now(const std::string& name) {
  const auto claim = claims_.try_take(name);
  if (!claim) return false;
  const auto object = publisher_.find(name);
  if (!object || object->is_current()) return false;
  config::Faults faults;
  auto built =
      builder_.build_stored(*object, {.pins = &object->pins, .stop = claim->stop()}, faults);
  if (claim->stop().stop_requested()) return false;
  if (built) {
    logger_.info("object " + built->kind + " " + name + " loaded");
  } else {
    const std::string error = faults.to_error().message;
    if (error == object->error) return false;
    logger_.error("object " + object->kind + " " + name + " does not run: " + error);
    built = std::make_shared<Object>(*object);
    built->error = error;
  }
  changes_.replace(object, built);
  const auto now = publisher_.find(name);
  return now && !now->is_current() && now->error.empty();
}

}  // namespace sluice::control
