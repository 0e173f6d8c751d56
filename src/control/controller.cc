// SPDX-License-Identifier: Apache-2.0
#include "control/controller.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "config/redact.h"
#include "control/state.h"

namespace sluice::control {
namespace {

std::string document_prefix(std::size_t index, std::size_t count) {
  return count > 1 ? "document " + std::to_string(index + 1) + ", " : "";
}

// Two servers on one port would take each other's connections.
void check_ports(const Objects& next, const Object& mine, config::Faults& faults) {
  for (const auto& [name, other] : next) {
    if (!other->server || name == mine.name || other->server->spec.port != mine.server->spec.port)
      continue;
    const std::string& a = other->server->spec.address;
    const std::string& b = mine.server->spec.address;
    if (a != b && !a.empty() && !b.empty()) continue;
    faults.add("port", std::to_string(mine.server->spec.port) + " is used by HTTPServer " + name);
  }
}

std::string now_rfc3339() { return format_rfc3339_ms(std::chrono::system_clock::now()); }

}  // namespace

Controller::Controller(Options options, Logger logger, store::Store& store,
                       server::Workers& workers,
                       std::vector<std::unique_ptr<pipeline::FilterKind>> filter_kinds)
    : state_(std::make_unique<State>(std::move(options), std::move(logger), store, workers,
                                     std::move(filter_kinds))) {}

Controller::~Controller() { stop(); }

namespace {

bool is_kind(const std::string& kind) {
  return std::ranges::find(Controller::object_kinds(), kind, &ObjectKind::kind) !=
         Controller::object_kinds().end();
}

// The mode's conditions on what is there already. An Error, or nothing.
Result<void> check_mode(const Object* existing, const std::string& name, const std::string& kind,
                        ApplyMode mode) {
  if (mode == ApplyMode::create && existing != nullptr)
    return fail(ErrorKind::conflict, "conflict name: " + name);
  if (mode == ApplyMode::update && existing == nullptr)
    return fail(ErrorKind::not_found, "not found: " + name);
  // A kind that is missing or misspelt is a fault of its own: deleting the object would not help.
  if (existing != nullptr && existing->kind != kind && is_kind(kind)) {
    return fail(ErrorKind::invalid, "different kinds: " + name + " is a " + existing->kind +
                                        ", not a " + kind + "; choose another name");
  }
  return {};
}

}  // namespace

Result<std::vector<Applied>> Controller::apply(const std::vector<config::Value>& documents,
                                               ApplyMode mode) {
  State& s = *state_;
  if (documents.empty()) return fail(ErrorKind::invalid, "no object given");
  const std::scoped_lock changing(s.changing);
  Objects next = s.objects();
  config::Faults faults;
  std::vector<Applied> result;
  std::vector<std::shared_ptr<const Object>> changed;
  std::set<std::string> seen;

  for (std::size_t i = 0; i < documents.size(); ++i) {
    const std::string prefix = document_prefix(i, documents.size());
    const std::string name = name_of(documents[i]);
    const auto found = next.find(name);
    const Object* existing = found != next.end() ? found->second.get() : nullptr;
    if (auto ok = check_mode(existing, name, kind_of(documents[i]), mode); !ok)
      return std::unexpected(ok.error());
    if (!seen.insert(name).second && !name.empty())
      faults.add(prefix + "name", "\"" + name + "\" is given twice");

    config::Faults own;
    config::Value document = documents[i];
    if (const auto schema = object_schema(kind_of(document))) {
      config::restore(
          document, existing != nullptr ? existing->spec : Json(), *schema,
          [&s](const std::string& kind) { return s.filter_schema(kind); }, own);
    }
    auto object = own.empty() ? build_object(document, s.kinds, existing, s.options.core_count, own)
                              : nullptr;
    if (object && object->server) check_ports(next, *object, own);
    for (const std::string& line : own.lines()) faults.add("", prefix + line);
    if (!object) continue;
    if (existing != nullptr && existing->error.empty() && same_spec(*existing, *object)) {
      result.push_back({name, object->kind, Change::unchanged, s.port_error(name)});
      continue;
    }
    object->spec["createdAt"] = now_rfc3339();
    result.push_back(
        {name, object->kind, existing != nullptr ? Change::updated : Change::created, {}});
    changed.push_back(object);
    next.insert_or_assign(name, std::move(object));
  }
  if (!faults.empty()) return std::unexpected(faults.to_error());
  if (changed.empty()) return result;

  SLUICE_CHECK(s.save(changed, {}));
  s.publish(std::move(next));
  for (Applied& applied : result) {
    if (applied.warning.empty()) applied.warning = s.port_error(applied.name);
    s.logger.info("object " + applied.kind + " " + applied.name +
                  (applied.change == Change::created   ? " created"
                   : applied.change == Change::updated ? " updated"
                                                       : " unchanged"));
  }
  return result;
}

Result<void> Controller::remove(std::string_view name) {
  State& s = *state_;
  const std::scoped_lock changing(s.changing);
  Objects next = s.objects();
  const auto found = next.find(name);
  if (found == next.end()) return fail(ErrorKind::not_found, "not found: " + std::string(name));
  SLUICE_CHECK(s.save({}, {std::string(name)}));
  next.erase(found);
  s.publish(std::move(next));
  s.logger.info("object " + std::string(name) + " deleted");
  return {};
}

Result<std::size_t> Controller::remove_all() {
  State& s = *state_;
  const std::scoped_lock changing(s.changing);
  const Objects doomed = s.objects();
  std::vector<std::string> names;
  for (const auto& [name, object] : doomed) names.push_back(name);
  SLUICE_CHECK(s.save({}, names));
  s.publish({});
  return doomed.size();
}

Result<std::vector<Reloaded>> Controller::reload_code() {
  State& s = *state_;
  const std::scoped_lock changing(s.changing);
  Objects next = s.objects();
  std::vector<Reloaded> result;
  bool changed = false;
  for (auto& [name, object] : next) {
    if (!object->pipeline) continue;
    std::vector<pipeline::PipelinePrototype::ReloadNote> notes;
    auto fresh = object->pipeline->reload(notes);
    const auto& runs = fresh ? fresh : object->pipeline;
    for (auto& note : notes) {
      const Json status = runs->find(note.filter)->status();
      result.push_back(
          {name, note.filter, note.changed, status.value("codeHash", ""), std::move(note.error)});
    }
    if (!fresh) continue;
    auto reloaded = std::make_shared<Object>(*object);
    reloaded->pipeline = std::move(fresh);
    object = std::move(reloaded);
    changed = true;
  }
  if (changed) s.publish(std::move(next));
  for (const Reloaded& each : result) {
    const std::string what = "reload " + each.pipeline + "/" + each.filter;
    if (!each.error.empty()) {
      s.logger.error(what + " refused, the old code serves on: " + each.error);
    } else {
      s.logger.info(what + (each.changed ? ": now " : ": unchanged, ") + each.code_hash);
    }
  }
  return result;
}

}  // namespace sluice::control
