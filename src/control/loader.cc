// SPDX-License-Identifier: Apache-2.0
#include "control/loader.h"

namespace sluice::control {

void Loader::build_missing() {
  for (const auto& [name, object] : publisher_.objects()) {
    if (!object->runs()) build_soon(name);
  }
}

void Loader::build_soon(const std::string& name) {
  {
    const MutexLock lock(mutex_);
    if (!awaited_.insert(name).second) return;
  }
  crew_.run([this, name] {
    build_now(name);
    const MutexLock lock(mutex_);
    awaited_.erase(name);
  });
}

void Loader::build_now(const std::string& name) {
  const auto claim = claims_.try_take(name);
  if (!claim) return;
  const auto object = publisher_.find(name);
  if (!object || object->runs()) return;
  config::Faults faults;
  auto built =
      builder_.build_stored(*object, {.pins = &object->pins, .stop = claim->stop()}, faults);
  if (claim->stop().stop_requested()) return;
  if (built) {
    logger_.info("object " + built->kind + " " + name + " loaded");
  } else {
    const std::string error = faults.to_error().message;
    if (error == object->error) return;
    logger_.error("object " + object->kind + " " + name + " does not run: " + error);
    built = std::make_shared<Object>(*object);
    built->error = error;
  }
  changes_.replace(object, std::move(built));
}

}  // namespace sluice::control
