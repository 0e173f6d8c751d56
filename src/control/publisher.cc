// SPDX-License-Identifier: Apache-2.0
#include "control/publisher.h"

#include <algorithm>

#include "control/cluster_port.h"
#include "control/kinds/pipeline.h"

namespace sluice::control {
namespace {

bool is_of_kind(const std::shared_ptr<const Object>& object, std::string_view kind) {
  return object != nullptr && object->kind == kind;
}
// For the log.
std::string label_of(const std::string& name) {
  return name == kClusterPortName ? "the cluster port" : "server " + name;
}

}  // namespace

Objects Publisher::objects() const {
  const ReaderLock lock(mutex_);
  return current_;
}

std::shared_ptr<const Object> Publisher::find(std::string_view name) const {
  const ReaderLock lock(mutex_);
  const auto found = current_.find(name);
  return found != current_.end() ? found->second : nullptr;
}

std::string Publisher::port_error(const std::string& name) const {
  const ReaderLock lock(mutex_);
  const auto found = port_errors_.find(name);
  return found != port_errors_.end() ? found->second : "";
}

bool Publisher::has_port_errors() const {
  const ReaderLock lock(mutex_);
  return !port_errors_.empty();
}

Publisher::State Publisher::state_of(const Object& object) const {
  if (object.is_being_built()) return {"building", ""};
  if (!object.is_current()) return {"failed", object.error};
  std::string error = port_error(object.name);
  const std::string_view word = error.empty() ? "running" : "failed";
  return {word, std::move(error)};
}

std::string Publisher::trouble_of(const Object& object) const {
  if (object.is_being_built()) return object.kind + " " + object.name + " is being built";
  if (!object.runs()) return object.kind + " " + object.name + " does not run: " + object.error;
  if (object.behind) {
    return object.kind + " " + object.name +
           " runs with its former spec, until this member restarts: it cannot run the change of "
           "another member: " +
           object.error;
  }
  const std::string port = port_error(object.name);
  if (!port.empty()) return object.kind + " " + object.name + " does not listen: " + port;
  const std::string label = object.kind + " " + object.name;
  const std::string around = object.prototype->global_filter();
  if (!around.empty() && !is_of_kind(find(around), "GlobalFilter"))
    return label + ": there is no GlobalFilter " + around + ": its requests get 503";
  const std::string absent = absent_pipeline(object);
  return absent.empty() ? "" : label + ": there is no Pipeline " + absent;
}

// The first absent pipeline that the server names; its requests get 503.
std::string Publisher::absent_pipeline(const Object& server) const {
  for (std::string& name : server.prototype->pipelines()) {
    const auto named = find(name);
    if (!named || !is_pipeline(*named)) return std::move(name);
  }
  return "";
}

void Publisher::wait(Duration patience, const std::function<bool(const Objects&)>& reached) {
  const TimePoint end = Clock::now() + patience;
  const MutexLock lock(settling_);
  while (!reached(objects()) && settled_.wait_until(settling_, end)) {
  }
}

// During the start, a server opens once its pipelines are built. After the start's patience, every
// server opens.
bool Publisher::may_open(const Object& server, const Objects& all) const {
  if (all_open_) return true;
  const auto is_awaited = [&all](const std::string& name) {
    const auto found = all.find(name);
    return found != all.end() && found->second->is_being_built();
  };
  return !is_awaited(server.prototype->global_filter()) &&
         std::ranges::none_of(server.prototype->pipelines(), is_awaited);
}

server::Workers::Listeners Publisher::assign_ports(const Objects& next) {
  std::vector<Ports::Wanted> wanted;
  for (const auto& [name, object] : next) {
    const auto listening = object->runs() ? object->prototype->listens() : std::nullopt;
    if (listening && may_open(*object, next))
      wanted.push_back({name, listening->address, listening->port});
  }
  for (const auto& object : internal_) {
    if (const auto listening = object->prototype->listens())
      wanted.push_back({object->name, listening->address, listening->port});
  }
  Ports::Changes changes = ports_.assign(wanted);
  for (const auto& [name, error] : changes.errors) {
    if (port_error(name) != error)
      logger_.error(label_of(name) + " does not listen: " + error + "; trying again");
  }
  for (const Ports::Wanted& server : wanted) {
    const auto sockets = changes.listeners.find(server.name);
    if (sockets == changes.listeners.end() || sockets->second.empty()) continue;
    logger_.info(label_of(server.name) + " listens on port " + std::to_string(server.port));
  }
  const WriterLock lock(mutex_);
  port_errors_ = std::move(changes.errors);
  return std::move(changes.listeners);
}

void Publisher::publish(Objects next) {
  auto listeners = assign_ports(next);
  auto snapshot = std::make_shared<server::Snapshot>();
  auto absent = std::make_shared<server::AbsentPipelines>();
  for (const auto& [name, object] : next) {
    if (object->runs()) {
      object->prototype->publish(name, *snapshot);
    } else {
      absent->emplace(name, server::AbsentPipeline{object->error, object->is_being_built()});
    }
  }
  for (const auto& object : internal_) object->prototype->publish(object->name, *snapshot);
  snapshot->absent = std::move(absent);
  snapshot->custom_data = custom_data_;
  workers_.publish(std::move(snapshot), std::move(listeners));
  replace(std::move(next));
  const MutexLock lock(settling_);
  settled_.notify_all();
}

void Publisher::forget() { replace({}); }

void Publisher::replace(Objects next) {
  pipeline::StateRegistry::Generation states;
  for (const auto& [name, object] : next) states.emplace(name, object->states);
  states_.put_in_force(std::move(states));
  const WriterLock lock(mutex_);
  current_ = std::move(next);
}

}  // namespace sluice::control
