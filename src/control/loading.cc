// SPDX-License-Identifier: Apache-2.0
// Stored objects: all of them at the start, those that do not run again and again, each on a thread
// of its own.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/collections.h"
#include "control/controller.h"
#include "control/state.h"

namespace sluice::control {
namespace {

constexpr std::chrono::seconds kRetryPeriod{2};
// For the objects that are being built, before ports open and the process goes on without them.
constexpr std::chrono::seconds kStartPatience{3};

}  // namespace

store::DocumentChange pins_change(const Object& object) {
  store::DocumentChange change{std::string(kPins), object.name, std::nullopt};
  if (object.pins.is_object() && !object.pins.empty()) change.value = object.pins.dump();
  return change;
}

Result<void> Controller::start(std::vector<InheritedPort> inherited, const config::Value& known) {
  ControllerState& s = *state_;
  s.known = known;
  s.ports.inherit(std::move(inherited));
  SLUICE_TRY(const auto meta, s.store.documents(kMeta));
  for (const auto& entry : meta) {
    if (entry.key == kVersionKey) s.version = std::strtoull(entry.value.c_str(), nullptr, 10);
  }
  SLUICE_TRY(const auto stored, s.store.documents(kObjects));
  SLUICE_TRY(const auto pins, s.store.documents(kPins));
  std::map<std::string, std::shared_ptr<Object>> objects;
  for (const auto& entry : stored) {
    auto object = std::make_shared<Object>();
    object->name = entry.key;
    object->spec = Json::parse(entry.value, nullptr, false);
    object->kind = object->spec.is_object() ? object->spec.value("kind", "") : "";
    objects.emplace(entry.key, std::move(object));
  }
  for (const auto& entry : pins) {
    const auto found = objects.find(entry.key);
    if (found != objects.end()) found->second->pins = Json::parse(entry.value, nullptr, false);
  }
  {
    const std::scoped_lock changing(s.changing);
    s.publish(Objects(objects.begin(), objects.end()));
  }
  for (const auto& [name, object] : objects) s.build_soon(name);
  const auto all_there = [&s] {
    return std::ranges::none_of(s.objects(),
                                [](const auto& entry) { return entry.second->is_being_built(); });
  };
  {
    std::unique_lock lock(s.ready_mutex);
    s.settled.wait_for(lock, kStartPatience, all_there);
  }
  {
    const std::scoped_lock changing(s.changing);
    s.all_open = true;
    for (const auto& [name, object] : s.objects()) {
      if (object->is_being_built())
        s.logger.warn(object->kind + " " + name + " is still being built; the others run");
    }
    s.publish(s.objects());
    s.ports.drop_inherited();
  }
  s.housekeeper = std::jthread([&s](const std::stop_token& stop) { s.housekeeping(stop); });
  return {};
}

void Controller::stop() {
  if (!state_) return;
  state_->claims.end();
  state_->crew.stop();
  if (!state_->housekeeper.joinable()) return;
  state_->housekeeper.request_stop();
  state_->housekeeper.join();
}

void ControllerState::build_soon(const std::string& name) {
  {
    const std::scoped_lock lock(ready_mutex);
    if (!awaited.insert(name).second) return;
  }
  crew.run([this, name] {
    build_now(name);
    const std::scoped_lock lock(ready_mutex);
    awaited.erase(name);
  });
}

void ControllerState::build_now(const std::string& name) {
  const auto claim = claims.try_take(name);
  if (!claim) return;
  const auto object = find(name);
  if (!object || object->runs()) return;
  config::Faults faults;
  auto built = build_stored(
      *object, kinds, {.previous = object.get(), .known = known.find(name), .stop = claim->stop()},
      core_count, faults);
  if (claim->stop().stop_requested()) return;
  if (built) {
    logger.info("object " + built->kind + " " + name + " loaded");
  } else {
    const std::string error = faults.to_error().message;
    if (error == object->error) return;
    logger.error("object " + object->kind + " " + name + " does not run: " + error);
    built = std::make_shared<Object>(*object);
    built->error = error;
  }
  replace(object, std::move(built));
}

void ControllerState::replace(std::shared_ptr<const Object> object,
                              std::shared_ptr<const Object> built) {
  {
    const std::scoped_lock lock(ready_mutex);
    ready.emplace_back(std::move(object), std::move(built));
  }
  const std::scoped_lock hold(changing);
  decltype(ready) taken;
  {
    const std::scoped_lock lock(ready_mutex);
    taken.swap(ready);
  }
  Objects next = objects();
  ObjectList pinned;
  bool changed = false;
  for (auto& [before, after] : taken) {
    const auto place = next.find(before->name);
    if (ending || place == next.end() || place->second != before) continue;
    if (after->pins != before->pins) pinned.push_back(after);
    place->second = std::move(after);
    changed = true;
  }
  if (!changed) return;
  if (const auto saved = save_pins(pinned); !saved)
    logger.error("which code runs cannot be stored: " + saved.error().message);
  publish(std::move(next));
}

void ControllerState::retry() {
  for (const auto& [name, object] : objects()) {
    if (!object->runs()) build_soon(name);
  }
  if (!has_port_errors()) return;
  const std::scoped_lock hold(changing);
  if (!ending) publish(objects());
}

// Code that is held or named by a stored object stays.
void ControllerState::sweep() const {
  std::vector<Json> pins;
  for (const auto& [name, object] : objects()) {
    if (!object->pins.is_object()) continue;
    for (const auto& [filter, pin] : object->pins.items()) pins.push_back(pin);
  }
  for (const auto& kind : kinds) kind->sweep(pins);
}

void ControllerState::housekeeping(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  TimePoint next_sample = Clock::now() + observe::RequestStats::kSamplePeriod;
  TimePoint next_retry = Clock::now() + kRetryPeriod;
  while (!stop.stop_requested()) {
    std::unique_lock lock(mutex);
    wake.wait_until(lock, stop, std::min(next_sample, next_retry), [] { return false; });
    if (stop.stop_requested()) return;
    const TimePoint now = Clock::now();
    if (now >= next_sample) {
      next_sample = now + observe::RequestStats::kSamplePeriod;
      for (const auto& [name, object] : objects()) {
        if (object->server) object->server->state->stats.sample();
        if (object->pipeline) object->pipeline->sample();
      }
      sweep();
    }
    if (now >= next_retry) {
      next_retry = now + kRetryPeriod;
      retry();
    }
  }
}

}  // namespace sluice::control
