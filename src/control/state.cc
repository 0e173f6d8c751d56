// SPDX-License-Identifier: Apache-2.0
#include "control/state.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/collections.h"

namespace sluice::control {

std::shared_ptr<const Object> ControllerState::find(std::string_view name) const {
  const std::shared_lock lock(objects_mutex);
  const auto found = current.find(name);
  return found != current.end() ? found->second : nullptr;
}

std::string ControllerState::port_error(const std::string& server) const {
  const std::shared_lock lock(objects_mutex);
  const auto found = port_errors.find(server);
  return found != port_errors.end() ? found->second : "";
}

bool ControllerState::has_port_errors() const {
  const std::shared_lock lock(objects_mutex);
  return !port_errors.empty();
}

std::string ControllerState::trouble_of(const Object& object) const {
  if (object.is_being_built()) return object.kind + " " + object.name + " is being built";
  if (!object.runs()) return object.kind + " " + object.name + " does not run: " + object.error;
  if (!object.server) return "";
  const std::string port = port_error(object.name);
  if (!port.empty()) return object.kind + " " + object.name + " does not listen: " + port;
  const std::string absent = absent_backend(object);
  return absent.empty() ? "" : object.kind + " " + object.name + ": there is no Pipeline " + absent;
}

// The first that a rule of the HTTPServer names and that is not there: its requests get 503.
std::string ControllerState::absent_backend(const Object& server) const {
  for (const router::RuleSpec& rule : server.server->spec.rules) {
    for (const router::PathSpec& path : rule.paths) {
      const auto named = find(path.backend);
      if (!named || named->kind != "Pipeline") return path.backend;
    }
  }
  return "";
}

// At the start: not before its pipelines are there, or too long in coming.
bool ControllerState::may_open(const Object& server, const Objects& all) const {
  if (all_open) return true;
  const auto waits = [&all](const router::PathSpec& path) {
    const auto found = all.find(path.backend);
    return found != all.end() && found->second->is_being_built();
  };
  return std::ranges::none_of(server.server->spec.rules, [&waits](const router::RuleSpec& rule) {
    return std::ranges::any_of(rule.paths, waits);
  });
}

server::Workers::Listeners ControllerState::assign_ports(const Objects& next) {
  std::vector<const router::HttpServerSpec*> servers;
  for (const auto& [name, object] : next) {
    if (object->server && may_open(*object, next)) servers.push_back(&object->server->spec);
  }
  Ports::Changes changes = ports.assign(servers);
  for (const auto& [name, error] : changes.errors) {
    if (port_error(name) != error)
      logger.error("server " + name + " does not listen: " + error + "; trying again");
  }
  for (const auto& [name, sockets] : changes.listeners) {
    if (sockets.empty()) continue;
    logger.info("server " + name + " listens on port " +
                std::to_string(next.find(name)->second->server->spec.port));
  }
  const std::unique_lock lock(objects_mutex);
  port_errors = std::move(changes.errors);
  return std::move(changes.listeners);
}

void ControllerState::publish(Objects next) {
  auto listeners = assign_ports(next);
  auto snapshot = std::make_shared<server::Snapshot>();
  auto absent = std::make_shared<server::AbsentPipelines>();
  for (const auto& [name, object] : next) {
    if (object->pipeline) snapshot->pipelines.emplace(name, object->pipeline);
    if (object->server) snapshot->servers.emplace(name, object->server);
    if (!object->runs())
      absent->emplace(name, server::AbsentPipeline{object->error, object->is_being_built()});
  }
  snapshot->absent = std::move(absent);
  workers.publish(std::move(snapshot), std::move(listeners));
  {
    const std::unique_lock lock(objects_mutex);
    current = std::move(next);
  }
  const std::scoped_lock lock(ready_mutex);
  settled.notify_all();
}

Result<void> ControllerState::save(const ObjectList& changed,
                                   const std::vector<std::string>& removed) {
  const std::uint64_t next = version.load() + 1;
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
  SLUICE_CHECK(store.change_documents(changes));
  version.store(next);
  return {};
}

Result<void> ControllerState::save_pins(const ObjectList& built) {
  std::vector<store::DocumentChange> changes;
  for (const auto& object : built) changes.push_back(pins_change(*object));
  return changes.empty() ? Result<void>() : store.change_documents(changes);
}

}  // namespace sluice::control
