// SPDX-License-Identifier: Apache-2.0
// The queries of the controller.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "config/redact.h"
#include "control/code_history.h"
#include "control/controller.h"
#include "control/kinds/pipeline.h"
#include "control/state.h"
#include "control/stored_names.h"
#include "control/validation.h"
#include "pipeline/refuses_all.h"
#include "store/blobs.h"

namespace sluice::control {
namespace {

// The filters on which nobody passes here, with the reason.
std::vector<std::string> closed_filters(const Object& object) {
  std::vector<std::string> lines;
  const auto running = pipeline_of(object);
  if (!running) return lines;
  for (const Json& filter : object.spec.value("filters", Json::array())) {
    const std::string name = filter.value("name", "");
    const auto* its = dynamic_cast<const pipeline::RefusesAll*>(running->find(name));
    if (std::string why = its == nullptr ? "" : its->why_nobody_passes(); !why.empty())
      lines.push_back(name + ": " + std::move(why));
  }
  return lines;
}

}  // namespace

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
  const auto [word, error] = state_->publisher.state_of(*object);
  Json status;
  if (object->runs()) {
    const std::string port_error = state_->publisher.port_error(object->name);
    status =
        object->prototype->status({.port_error = port_error, .memory = state_->workers.memory()});
  } else {
    status["health"] = object->is_being_built() ? "is being built" : error;
  }
  if (!object->is_current() || !error.empty()) status["error"] = error;
  std::vector<std::string> warnings = object->warnings;
  CustomKinds kinds = std::set<std::string>();
  for (const auto& [kind, items] : state_->custom_data.state()->kinds) kinds->insert(kind);
  std::ranges::move(loose_ends(*object, state_->publisher.objects(), kinds),
                    std::back_inserter(warnings));
  if (!warnings.empty()) status["warnings"] = warnings;
  status["name"] = object->name;
  status["kind"] = object->kind;
  status["state"] = word;
  if (state_->store.is_shared()) status["version"] = object->version;
  return status;
}

Result<Controller::MemberStates> Controller::states_elsewhere() const {
  MemberStates states;
  if (!state_->store.is_shared()) return states;
  SLUICE_TRY(const auto members, state_->store.members());
  SLUICE_TRY(const auto notes, state_->store.notes(kStatusNotes));
  for (const auto& [name, object] : state_->publisher.objects()) {
    for (const store::Store::Member& member : members) {
      if (member.me) continue;
      states[name][member.name] = {
          {"name", name}, {"kind", object->kind}, {"state", "unknown"}, {"version", 0}};
    }
  }
  for (const store::Store::Note& note : notes) {
    const auto of_object = states.find(note.key.substr(kStatusNotes.size()));
    if (of_object == states.end()) continue;
    const auto its = of_object->second.find(note.member);
    const Json said = Json::parse(note.value, nullptr, false);
    if (its != of_object->second.end() && said.is_object()) its->second.update(said);
  }
  return states;
}

Result<std::map<std::string, Json>> Controller::remains_elsewhere(const std::string& name) const {
  std::map<std::string, Json> remains;
  if (!state_->store.is_shared() || state_->publisher.find(name)) return remains;
  SLUICE_TRY(const auto members, state_->store.members());
  const std::string key = std::string(kStatusNotes) + name;
  SLUICE_TRY(const auto notes, state_->store.notes(key));
  for (const store::Store::Note& note : notes) {
    if (note.key != key) continue;  // of a longer name
    const auto its = std::ranges::find(members, note.member, &store::Store::Member::name);
    Json said = Json::parse(note.value, nullptr, false);
    if (its != members.end() && !its->me && said.is_object())
      remains.emplace(note.member, std::move(said));
  }
  return remains;
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

Result<void> Controller::check_has_code(std::string_view pipeline, std::string_view filter) const {
  const auto object = state_->publisher.find(pipeline);
  if (!object || !is_pipeline(*object))
    return fail(ErrorKind::not_found, "not found: no pipeline " + std::string(pipeline));
  const auto running = pipeline_of(*object);
  if (running && running->has_code(filter)) return {};
  return fail(ErrorKind::not_found, "not found: pipeline " + std::string(pipeline) +
                                        " runs no filter " + std::string(filter) + " with code");
}

Result<Json> Controller::code_history(const std::string& pipeline,
                                      const std::string& filter) const {
  const auto object = state_->publisher.find(pipeline);
  Json codes = object && is_pipeline(*object) ? codes_of(*object, filter) : Json::array();
  if (codes.empty()) SLUICE_CHECK(check_has_code(pipeline, filter));
  std::reverse(codes.begin(), codes.end());
  return codes;
}

Result<std::string> Controller::load_code_of(const std::string& pipeline, const std::string& filter,
                                             const std::string& hash) const {
  const auto object = state_->publisher.find(pipeline);
  if (!object || !is_pipeline(*object))
    return fail(ErrorKind::not_found, "not found: no pipeline " + pipeline);
  SLUICE_TRY(const std::string whole, find_code(*object, filter, hash));
  return state_->load_code(whole);
}

Result<std::string> ControllerState::load_code(const std::string& hash) const {
  // Every kind has a folder of its own: a damaged copy in one says more than none in the next.
  Result<std::string> bytes = fail(ErrorKind::not_found, "no copy of it is kept");
  for (const auto& kind : builder.filters()) {
    const pipeline::CodeKeeper* keeper = kind->code_keeper();
    if (keeper == nullptr) continue;
    auto loaded = keeper->load(hash);
    if (loaded) return loaded;
    if (loaded.error().kind != ErrorKind::not_found) bytes = std::move(loaded);
  }
  if (!bytes && store.is_shared()) return store::Blobs(store).load(hash);
  return bytes;
}

bool Controller::has_filter(std::string_view pipeline, std::string_view filter) const {
  const auto object = state_->publisher.find(pipeline);
  if (!object || !is_pipeline(*object) || !object->spec.is_object()) return false;
  const Json filters = object->spec.value("filters", Json::array());
  return std::ranges::any_of(filters, [filter](const Json& each) {
    return each.is_object() && each.value("name", Json()) == Json(filter);
  });
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

CustomData& Controller::custom_data() { return state_->custom_data; }

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
  if (const auto missing = state_->initial_objects_missing.load())
    lines.insert(lines.end(), missing->lines.begin(), missing->lines.end());
  const auto now = std::chrono::system_clock::now();
  for (const net::CertificateEnd& certificate : state_->certificates.all()) {
    if (net::state_of(certificate, now) == net::CertificateState::ended)
      lines.push_back(line_about(certificate, net::CertificateState::ended));
  }
  for (const auto& [name, object] : state_->publisher.objects()) {
    if (std::string trouble = state_->publisher.trouble_of(*object); !trouble.empty())
      lines.push_back(std::move(trouble));
    if (!object->runs()) continue;
    for (const std::string& note : object->prototype->notes())
      lines.push_back(object->kind + " " + name + ": " + note);
    for (const std::string& closed : closed_filters(*object))
      lines.push_back(object->kind + " " + name + ": " + closed);
  }
  return lines;
}

void Controller::note_initial_objects(std::vector<std::string> missing, bool first) {
  state_->initial_objects_missing.store(std::make_shared<const ControllerState::MissingObjects>(
      ControllerState::MissingObjects{std::move(missing), first}));
}

bool Controller::lacks_initial_objects() const {
  const auto missing = state_->initial_objects_missing.load();
  return missing && missing->first && !missing->lines.empty();
}

void Controller::set_own_certificates(net::CertificateEnds own) {
  state_->certificates.set_own(std::move(own));
}

net::CertificateEnds Controller::certificates() const { return state_->certificates.all(); }

std::string Controller::health() const { return state_->store.health(); }

}  // namespace sluice::control
