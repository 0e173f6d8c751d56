// SPDX-License-Identifier: Apache-2.0
// The queries of the controller.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "config/redact.h"
#include "control/controller.h"
#include "control/kinds/pipeline.h"
#include "control/state.h"

namespace sluice::control {

std::vector<Json> Controller::list() const {
  std::vector<Json> specs;
  for (const auto& [name, object] : state_->publisher.objects()) specs.push_back(object->spec);
  return specs;
}

Result<Json> Controller::get(std::string_view name) const {
  const auto object = state_->publisher.find(name);
  if (!object) return fail(ErrorKind::not_found, "not found: " + std::string(name));
  return object->spec;
}

Json Controller::without_secrets(Json spec) const {
  const auto schema = object_schema(spec.value("kind", ""));
  if (!schema) return spec;
  config::redact(spec, *schema,
                 [this](const std::string& kind) { return state_->builder.filter_schema(kind); });
  return spec;
}

Result<Json> Controller::status(std::string_view name) const {
  const auto object = state_->publisher.find(name);
  if (!object) return fail(ErrorKind::not_found, "not found: " + std::string(name));
  if (!object->runs()) {
    const bool building = object->is_being_built();
    return Json{{"name", object->name},
                {"kind", object->kind},
                {"state", building ? "building" : "failed"},
                {"health", building ? "is being built" : object->error},
                {"error", object->error}};
  }
  const std::string port_error = state_->publisher.port_error(object->name);
  Json status =
      object->prototype->status({.port_error = port_error, .memory = state_->workers.memory()});
  status["name"] = object->name;
  status["kind"] = object->kind;
  status["state"] = port_error.empty() ? "running" : "failed";
  return status;
}

Result<std::string> Controller::data_namespace(std::string_view pipeline,
                                               std::string_view filter) const {
  const auto object = state_->publisher.find(pipeline);
  if (!object || !is_pipeline(*object)) {
    return fail(ErrorKind::not_found, "not found: no pipeline " + std::string(pipeline));
  }
  const auto running = pipeline_of(*object);
  const auto* found = running ? running->find(filter) : nullptr;
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

const ObjectKinds& Controller::object_kinds() const { return state_->builder.kinds(); }

Result<Json> Controller::default_spec(std::string_view kind, std::string_view name) const {
  SLUICE_TRY(const ObjectKind* known, state_->builder.kind(kind));
  Json spec = known->defaults();
  spec["kind"] = kind;
  spec["name"] = name;
  spec.erase("createdAt");
  return spec;
}

Result<Json> Controller::object_schema(std::string_view kind) const {
  SLUICE_TRY(const ObjectKind* known, state_->builder.kind(kind));
  return known->schema();
}

const pipeline::FilterKinds& Controller::filter_kinds() const { return state_->builder.filters(); }

std::uint64_t Controller::config_version() const { return state_->stored.version(); }

store::Store& Controller::store() { return state_->store; }

std::vector<std::string> Controller::troubles() const {
  std::vector<std::string> lines;
  if (const auto port = state_->publisher.port_error(kClusterPortName); !port.empty())
    lines.push_back("the cluster port does not listen: " + port);
  for (const auto& [name, object] : state_->publisher.objects()) {
    if (std::string trouble = state_->publisher.trouble_of(*object); !trouble.empty())
      lines.push_back(std::move(trouble));
    if (!object->runs()) continue;
    for (const std::string& note : object->prototype->notes())
      lines.push_back(object->kind + " " + name + ": " + note);
  }
  return lines;
}

std::string Controller::health() const { return state_->store.health(); }

}  // namespace sluice::control
