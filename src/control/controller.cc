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

// Two servers on one port would take each other's connections. `all`: as it will be.
void check_ports(const Objects& all, const Object& mine, config::Faults& faults) {
  for (const auto& [name, other] : all) {
    if (!other->server || name == mine.name || other->server->spec.port != mine.server->spec.port)
      continue;
    const std::string& a = other->server->spec.address;
    const std::string& b = mine.server->spec.address;
    if (a != b && !a.empty() && !b.empty()) continue;
    faults.add("port", std::to_string(mine.server->spec.port) + " is used by HTTPServer " + name);
  }
}

std::unexpected<Error> stopping() {
  return fail(ErrorKind::unavailable,
              "this process is stopping, or another one takes over: say it again");
}

std::string now_rfc3339() { return format_rfc3339_ms(std::chrono::system_clock::now()); }

}  // namespace

Controller::Controller(Options options, Logger logger, store::Store& store,
                       server::Workers& workers,
                       std::vector<std::unique_ptr<pipeline::FilterKind>> filter_kinds)
    : state_(std::make_unique<ControllerState>(options.core_count, std::move(logger), store,
                                               workers, std::move(filter_kinds))) {}

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
    return fail(ErrorKind::conflict,
                "conflict name: " + name + "; `egctl apply` changes what is there");
  if (mode == ApplyMode::update && existing == nullptr)
    return fail(ErrorKind::not_found, "not found: " + name);
  // A kind that is missing or misspelt is a fault of its own: deleting the object would not help.
  if (existing != nullptr && existing->kind != kind && is_kind(kind)) {
    return fail(ErrorKind::invalid, "different kinds: " + name + " is of kind " + existing->kind +
                                        ", not " + kind + "; choose another name");
  }
  return {};
}

}  // namespace

Result<ControllerState::Proposed> ControllerState::propose(const config::Value& document,
                                                           std::string prefix, ApplyMode mode,
                                                           const std::stop_token& stop,
                                                           config::Faults& faults) const {
  const std::string name = name_of(document);
  Proposed proposed{.applied = {name, "", Change::unchanged, ""},
                    .prefix = std::move(prefix),
                    .running = find(name),
                    .object = nullptr};
  const Object* existing = proposed.running.get();
  SLUICE_CHECK(check_mode(existing, name, kind_of(document), mode));
  config::Value whole = document;
  if (const auto schema = Controller::object_schema(kind_of(document))) {
    config::restore(
        whole, existing != nullptr ? existing->spec : Json(), *schema,
        [this](const std::string& kind) { return filter_schema(kind); }, faults);
  }
  if (!faults.empty()) return proposed;
  proposed.object =
      build_object(whole, kinds, {.previous = existing, .stop = stop}, core_count, faults);
  if (!proposed.object) return proposed;
  proposed.applied.kind = proposed.object->kind;
  const bool same =
      existing != nullptr && existing->runs() && same_spec(*existing, *proposed.object);
  if (!same) {
    proposed.applied.change = existing != nullptr ? Change::updated : Change::created;
    proposed.object->spec["createdAt"] = now_rfc3339();
  }
  return proposed;
}

Result<void> ControllerState::commit(const std::vector<Proposed>& proposed) {
  const std::scoped_lock hold(changing);
  if (ending) return stopping();
  Objects next = objects();
  ObjectList changed;
  for (const Proposed& each : proposed) {
    if (each.applied.change == Change::unchanged) continue;
    next.insert_or_assign(each.object->name, each.object);
    changed.push_back(each.object);
  }
  config::Faults faults;
  for (const Proposed& each : proposed) {
    config::Faults own;
    if (each.object->server) check_ports(next, *each.object, own);
    for (const std::string& line : own.lines()) faults.add("", each.prefix + line);
  }
  if (!faults.empty()) return std::unexpected(faults.to_error());
  if (changed.empty()) return {};
  SLUICE_CHECK(save(changed, {}));
  publish(std::move(next));
  return {};
}

namespace {

std::vector<std::string> names_of(const std::vector<config::Value>& documents) {
  std::vector<std::string> names;
  for (const config::Value& document : documents) names.push_back(name_of(document));
  return names;
}

void append(std::string& list, const std::string& text) {
  if (!text.empty()) list += (list.empty() ? "" : "; ") + text;
}

}  // namespace

Result<std::vector<Applied>> Controller::apply(const std::vector<config::Value>& documents,
                                               ApplyMode mode) {
  ControllerState& s = *state_;
  if (documents.empty()) return fail(ErrorKind::invalid, "no object given");
  const auto claim = s.claims.take(names_of(documents));
  config::Faults faults;
  std::vector<ControllerState::Proposed> proposed;
  std::set<std::string> seen;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const std::string prefix = document_prefix(i, documents.size());
    const std::string name = name_of(documents[i]);
    if (!seen.insert(name).second && !name.empty())
      faults.add(prefix + "name", "\"" + name + "\" is given twice");
    config::Faults own;
    SLUICE_TRY(auto one, s.propose(documents[i], prefix, mode, claim.stop(), own));
    for (const std::string& line : own.lines()) faults.add("", prefix + line);
    if (one.object) proposed.push_back(std::move(one));
    if (claim.stop().stop_requested()) return stopping();
  }
  if (!faults.empty()) return std::unexpected(faults.to_error());
  SLUICE_CHECK(s.commit(proposed));

  std::vector<Applied> result;
  for (ControllerState::Proposed& each : proposed) {
    const Change change = each.applied.change;
    const Object& runs = change == Change::unchanged ? *each.running : *each.object;
    append(each.applied.warning, s.port_error(each.applied.name));
    if (runs.pipeline) {
      for (const std::string& note : runs.pipeline->notes()) append(each.applied.warning, note);
    }
    s.logger.info("object " + each.applied.kind + " " + each.applied.name +
                  (change == Change::created   ? " created"
                   : change == Change::updated ? " updated"
                                               : " unchanged"));
    result.push_back(std::move(each.applied));
  }
  return result;
}

Result<void> Controller::remove(std::string_view name) {
  ControllerState& s = *state_;
  const auto claim = s.claims.take({std::string(name)});
  const std::scoped_lock changing(s.changing);
  if (s.ending) return stopping();
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
  ControllerState& s = *state_;
  std::vector<std::string> names;
  for (const auto& [name, object] : s.objects()) names.push_back(name);
  const auto claim = s.claims.take(names);
  const std::scoped_lock changing(s.changing);
  if (s.ending) return stopping();
  Objects next = s.objects();
  std::erase_if(names, [&next](const std::string& name) { return next.erase(name) == 0; });
  SLUICE_CHECK(s.save({}, names));
  s.publish(std::move(next));
  return names.size();
}

}  // namespace sluice::control
