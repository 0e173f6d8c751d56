// SPDX-License-Identifier: Apache-2.0
#include "control/rehearsal.h"

#include <nlohmann/json.hpp>

#include "base/mutex.h"
#include "control/controller.h"
#include "control/state.h"

namespace sluice::control {
namespace {

constexpr std::chrono::seconds kPatience{40};
constexpr const char* kSpec = "spec";
constexpr const char* kPinsKey = "pins";

struct Rehearsed {
  std::string name;
  std::string error;  // "" if the object builds
};

void build(const Json& entry, const ObjectBuilder& builder, const std::stop_token& stop,
           Rehearsed& rehearsed) {
  Object object;
  object.spec = entry.value(kSpec, Json::object());
  object.pins = entry.value(kPinsKey, Json());
  object.name = object.spec.value("name", "");
  config::Faults faults;
  const auto built = builder.build_stored(object, {.pins = &object.pins, .stop = stop}, faults);
  rehearsed.name = object.spec.value("kind", "") + " " + object.name;
  if (!built) rehearsed.error = faults.to_error().message;
}

}  // namespace

Json Controller::rehearsal() const {
  Json objects = Json::array();
  for (const auto& [name, object] : state_->publisher.objects()) {
    if (object->is_current()) objects.push_back({{kSpec, object->spec}, {kPinsKey, object->pins}});
  }
  return objects;
}

Result<void> rehearse(const Json& objects, const ObjectBuilder& builder) {
  if (!objects.is_array()) return {};
  std::vector<Rehearsed> results(objects.size());
  Mutex mutex;  // guards left
  Condition changed;
  std::size_t left = objects.size();
  std::stop_source stop;
  Crew crew(kBuildsAtOnceMax);
  for (std::size_t i = 0; i < objects.size(); ++i) {
    crew.run([&, i] {
      build(objects[i], builder, stop.get_token(), results[i]);
      const MutexLock lock(mutex);
      --left;
      changed.notify_all();
    });
  }
  {
    const TimePoint end = Clock::now() + kPatience;
    const MutexLock lock(mutex);
    while (left > 0 && changed.wait_until(mutex, end)) {
    }
  }
  stop.request_stop();
  crew.stop();
  std::string refusals;
  for (const Rehearsed& rehearsed : results) {
    if (rehearsed.error.empty()) continue;
    refusals += (refusals.empty() ? "" : "; ") + rehearsed.name + ": " + rehearsed.error;
  }
  if (refusals.empty()) return {};
  return fail(ErrorKind::invalid, "what runs now would not run in the new process: " + refusals);
}

}  // namespace sluice::control
