// SPDX-License-Identifier: Apache-2.0
#include "control/state.h"

#include <condition_variable>
#include <nlohmann/json.hpp>

namespace sluice::control {
namespace {

constexpr std::string_view kObjects = "objects";
constexpr std::string_view kMeta = "meta";
constexpr std::string_view kVersionKey = "config-version";
constexpr std::chrono::seconds kRetryPeriod{2};

}  // namespace

std::shared_ptr<const Object> Controller::State::find(std::string_view name) const {
  const std::shared_lock lock(objects_mutex);
  const auto found = current.find(name);
  return found != current.end() ? found->second : nullptr;
}

std::string Controller::State::port_error(const std::string& server) const {
  const std::shared_lock lock(objects_mutex);
  const auto found = port_errors.find(server);
  return found != port_errors.end() ? found->second : "";
}

void Controller::State::open_ports(const Objects& next,
                                   std::map<std::string, std::vector<net::Listener>>& listeners) {
  std::map<std::string, std::string> errors;
  for (const auto& [name, object] : next) {
    if (!object->server) continue;
    auto opened = ports.open(object->server->spec);
    if (!opened) {
      errors[name] = opened.error().message;
      if (port_error(name) != opened.error().message) {
        logger.error("server " + name + " does not listen: " + opened.error().message +
                     "; trying again");
      }
    } else if (!opened->empty()) {
      listeners.emplace(name, *std::move(opened));
      logger.info("server " + name + " listens on port " +
                  std::to_string(object->server->spec.port));
    }
  }
  const std::unique_lock lock(objects_mutex);
  port_errors = std::move(errors);
}

void Controller::State::publish(Objects next) {
  for (const auto& [name, object] : objects()) {
    const auto stays = next.find(name);
    if (stays == next.end() || !stays->second->server) ports.forget(name);
  }
  std::map<std::string, std::vector<net::Listener>> listeners;
  open_ports(next, listeners);
  auto snapshot = std::make_shared<server::Snapshot>();
  for (const auto& [name, object] : next) {
    if (object->pipeline) snapshot->pipelines.emplace(name, object->pipeline);
    if (object->server) snapshot->servers.emplace(name, object->server);
  }
  workers.publish(std::move(snapshot), std::move(listeners));
  const std::unique_lock lock(objects_mutex);
  current = std::move(next);
}

Result<void> Controller::State::save(const std::vector<std::shared_ptr<const Object>>& changed,
                                     const std::vector<std::string>& removed) {
  const std::uint64_t next = version.load() + 1;
  std::vector<store::DocumentChange> changes;
  for (const auto& object : changed) {
    changes.push_back({std::string(kObjects), object->name, object->spec.dump()});
  }
  for (const std::string& name : removed) {
    changes.push_back({std::string(kObjects), name, std::nullopt});
  }
  changes.push_back({std::string(kMeta), std::string(kVersionKey), std::to_string(next)});
  SLUICE_CHECK(store.change_documents(changes));
  version.store(next);
  return {};
}

Result<void> Controller::start(std::vector<InheritedPort> inherited, const config::Value& known) {
  State& s = *state_;
  const std::scoped_lock changing(s.changing);
  s.ports.inherit(std::move(inherited));
  SLUICE_TRY(const auto meta, s.store.documents(kMeta));
  for (const auto& entry : meta) {
    if (entry.key == kVersionKey) s.version = std::strtoull(entry.value.c_str(), nullptr, 10);
  }
  SLUICE_TRY(const auto stored, s.store.documents(kObjects));
  Objects objects;
  for (const auto& entry : stored) {
    auto object = std::make_shared<Object>();
    object->name = entry.key;
    object->error = "not built yet";
    object->spec = Json::parse(entry.value, nullptr, false);
    object->kind = object->spec.is_object() ? object->spec.value("kind", "") : "";
    objects.emplace(entry.key, std::move(object));
  }
  s.publish(std::move(objects));
  s.retry(known);
  s.ports.drop_inherited();
  s.housekeeper = std::jthread([&s](const std::stop_token& stop) { s.housekeeping(stop); });
  return {};
}

void Controller::stop() {
  if (!state_ || !state_->housekeeper.joinable()) return;
  state_->housekeeper.request_stop();
  state_->housekeeper.join();
}

void Controller::State::retry(const config::Value& known) {
  Objects next = objects();
  bool again = false;
  for (auto& [name, object] : next) {
    if (object->server && !ports.is_open(name)) again = true;
    if (object->error.empty()) continue;
    config::Faults faults;
    std::shared_ptr<Object> built;
    if (auto document = config::parse_document(object->spec.dump())) {
      built = build_object(*document, kinds, nullptr, options.core_count, faults, known.find(name));
    } else {
      faults.add("", document.error().message);
    }
    if (built) {
      built->spec["createdAt"] = object->spec.value("createdAt", "");
      logger.info("object " + built->kind + " " + name + " loaded");
    } else {
      const std::string error = faults.to_error().message;
      if (error == object->error) continue;
      logger.error("object " + object->kind + " " + name + " does not run: " + error);
      built = std::make_shared<Object>(*object);
      built->error = error;
    }
    object = std::move(built);
    again = true;
  }
  if (again) publish(std::move(next));
}

void Controller::State::housekeeping(const std::stop_token& stop) {
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
    }
    if (now >= next_retry) {
      next_retry = now + kRetryPeriod;
      const std::scoped_lock hold(changing);
      retry();
    }
  }
}

}  // namespace sluice::control
