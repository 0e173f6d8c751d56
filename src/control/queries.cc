// SPDX-License-Identifier: Apache-2.0
// What the controller can be asked.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "config/redact.h"
#include "control/controller.h"
#include "control/state.h"

namespace sluice::control {

std::vector<Json> Controller::list() const {
  std::vector<Json> specs;
  for (const auto& [name, object] : state_->objects()) specs.push_back(object->spec);
  return specs;
}

Result<Json> Controller::get(std::string_view name) const {
  const auto object = state_->find(name);
  if (!object) return fail(ErrorKind::not_found, "not found: " + std::string(name));
  return object->spec;
}

Json ControllerState::filter_schema(const std::string& kind) const {
  for (const auto& each : kinds) {
    if (each->name() == kind) return each->schema();
  }
  return {};
}

Json Controller::without_secrets(Json spec) const {
  const auto schema = object_schema(spec.value("kind", ""));
  if (!schema) return spec;
  config::redact(spec, *schema,
                 [this](const std::string& kind) { return state_->filter_schema(kind); });
  return spec;
}

namespace {

Json overload_status(const server::ServerPrototype& server) {
  const auto& cores = server.state->overload;
  const auto now = static_cast<std::uint64_t>(Clock::now().time_since_epoch().count());
  constexpr auto kMemory = static_cast<std::uint64_t>(server::OverloadCells::kMemory / Duration(1));
  const Duration target = server.spec.overload.target;
  const auto is_recent = [now](const observe::Cell& at) {
    return at.get() != 0 && now - std::min(now, at.get()) < kMemory;
  };
  bool overloaded = target == Duration::zero();
  std::uint64_t delay_us = 0;
  for (unsigned i = 0; i < cores.size(); ++i) {
    const server::OverloadCells& core = cores.at(i);
    overloaded = overloaded || is_recent(core.overloaded_at);
    delay_us = std::max(delay_us, core.delay_us.get());
  }
  return {{"overloaded", overloaded},
          {"delayMs", static_cast<double>(delay_us) / 1000},
          {"shed", cores.sum(&server::OverloadCells::shed)},
          {"knownServed", cores.sum(&server::OverloadCells::known)}};
}

// Of the whole process: all HTTPServers share it.
Json memory_status(const MemoryBudget& budget) {
  Json held = Json::object();
  for (std::size_t use = 0; use < kMemoryUses; ++use)
    held[std::string(to_string(static_cast<MemoryUse>(use)))] =
        budget.held(static_cast<MemoryUse>(use));
  return {{"budget", budget.bytes()}, {"leased", budget.leased()}, {"held", std::move(held)}};
}

Json server_status(const Object& object, const std::string& port_error,
                   const MemoryBudget& memory) {
  Json status = object.server->state->stats.to_json();
  status["name"] = object.name;
  status["kind"] = object.kind;
  status["overload"] = overload_status(*object.server);
  const bool overloaded = status["overload"]["overloaded"].get<bool>();
  status["health"] = port_error.empty() && overloaded
                         ? "overloaded: requests of users who are not in are answered 503"
                         : port_error;
  status["error"] = port_error;
  status["state"] = port_error.empty() ? "running" : "failed";
  status["refusals"] = object.server->state->refusals.to_json();
  status["memory"] = memory_status(memory);
  status["openConnections"] = object.server->state->places->taken();
  return status;
}

}  // namespace

Result<Json> Controller::status(std::string_view name) const {
  const auto object = state_->find(name);
  if (!object) return fail(ErrorKind::not_found, "not found: " + std::string(name));
  if (!object->runs()) {
    const bool building = object->is_being_built();
    return Json{{"name", object->name},
                {"kind", object->kind},
                {"state", building ? "building" : "failed"},
                {"health", building ? "is being built" : object->error},
                {"error", object->error}};
  }
  if (object->server) {
    return server_status(*object, state_->port_error(object->name), state_->workers.memory());
  }
  Json status = object->pipeline->status();
  status["state"] = "running";
  return status;
}

Result<std::string> Controller::data_namespace(std::string_view pipeline,
                                               std::string_view filter) const {
  const auto object = state_->find(pipeline);
  if (!object || object->kind != "Pipeline") {
    return fail(ErrorKind::not_found, "not found: no pipeline " + std::string(pipeline));
  }
  const auto* found = object->pipeline ? object->pipeline->find(filter) : nullptr;
  if (found == nullptr || !found->has_shared_data()) {
    return fail(ErrorKind::not_found, "not found: pipeline " + std::string(pipeline) +
                                          " has no WasmHost filter " + std::string(filter));
  }
  return std::string(pipeline) + "/" + std::string(filter);
}

Result<std::string> Controller::stored_namespace(std::string_view pipeline,
                                                 std::string_view filter) const {
  auto running = data_namespace(pipeline, filter);
  if (running) return running;
  const std::string ns = std::string(pipeline) + "/" + std::string(filter);
  SLUICE_TRY(const auto stored, state_->store.namespaces());
  if (!std::ranges::binary_search(stored, ns)) return running;
  return ns;
}

const std::vector<ObjectKind>& Controller::object_kinds() {
  static const std::vector<ObjectKind> kinds{
      {"Traffic gate", "HTTPServer", "httpserver", {"httpservers", "hs"}},
      {"Pipeline", "Pipeline", "pipeline", {"pipelines", "pl"}},
  };
  return kinds;
}

Result<Json> Controller::default_spec(std::string_view kind, std::string_view name) const {
  Json spec;
  if (kind == "HTTPServer") {
    spec = config::encode(router::HttpServerSpec{});
  } else if (kind == "Pipeline") {
    spec = config::encode(pipeline::PipelineSpec{});
  } else {
    return fail(ErrorKind::not_found, "kind \"" + std::string(kind) + "\" not found");
  }
  spec["kind"] = kind;
  spec["name"] = name;
  spec.erase("createdAt");
  return spec;
}

Result<Json> Controller::object_schema(std::string_view kind) {
  if (kind == "HTTPServer") return config::schema<router::HttpServerSpec>();
  if (kind == "Pipeline") return config::schema<pipeline::PipelineSpec>();
  return fail(ErrorKind::not_found, "kind \"" + std::string(kind) + "\" not found");
}

const std::vector<std::unique_ptr<pipeline::FilterKind>>& Controller::filter_kinds() const {
  return state_->kinds;
}

std::uint64_t Controller::config_version() const { return state_->version.load(); }

store::Store& Controller::store() { return state_->store; }

std::vector<std::string> Controller::troubles() const {
  std::vector<std::string> lines;
  for (const auto& [name, object] : state_->objects()) {
    if (std::string trouble = state_->trouble_of(*object); !trouble.empty())
      lines.push_back(std::move(trouble));
    if (!object->pipeline) continue;
    for (const std::string& note : object->pipeline->notes())
      lines.push_back("Pipeline " + name + ": " + note);
  }
  return lines;
}

std::string Controller::health() const { return state_->store.health(); }

}  // namespace sluice::control
