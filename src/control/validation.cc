// SPDX-License-Identifier: Apache-2.0
#include "control/validation.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "base/time.h"
#include "config/redact.h"
#include "control/code_history.h"
#include "control/custom_kind.h"
#include "control/documents.h"

namespace sluice::control {
namespace {

using Listening = ObjectPrototype::Listening;

std::shared_ptr<const Object> find_in(const Objects& objects, const std::string& name) {
  const auto found = objects.find(name);
  return found != objects.end() ? found->second : nullptr;
}

std::string document_prefix(std::size_t index, std::size_t count) {
  return count > 1 ? "document " + std::to_string(index + 1) + ", " : "";
}

// An update does not make an object younger.
std::string created_at(const Object* existing) {
  std::string known;
  if (existing != nullptr && existing->spec.is_object())
    known = existing->spec.value("createdAt", "");
  return known.empty() ? format_rfc3339_ms(std::chrono::system_clock::now()) : known;
}

// Whether `mode` allows a change of the existing object; null: there is none.
bool allows(ApplyMode mode, const Object* existing) {
  if (mode == ApplyMode::apply) return true;
  return (mode == ApplyMode::create) == (existing == nullptr);
}

// The error for the objects that the mode does not allow to change.
std::unexpected<Error> mode_error(ApplyMode mode, const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list.append(list.empty() ? "" : ", ").append(name);
  if (mode == ApplyMode::update) return fail(ErrorKind::not_found, "not found: " + list);
  return fail(ErrorKind::conflict,
              "conflict name: " + list + "; `egctl apply` changes what is there");
}

// Builds one of the documents. A null object: faults were added.
Step propose_one(const config::Value& document, std::string prefix, const Ground& ground,
                 const std::stop_token& stop, config::Faults& faults) {
  const ObjectBuilder& builder = ground.builder;
  const auto mended = of_this_version(document, faults);
  config::Value whole = mended ? *mended : document;
  const std::string name = name_of(whole);
  const std::string kind = kind_of(whole);
  Step step{.proposed = {.object = nullptr, .changes = false, .prefix = std::move(prefix)},
            .applied = {.name = name, .kind = "", .change = Change::unchanged},
            .running = find_in(ground.objects, name)};
  const Object* existing = step.running.get();
  const auto known = builder.kind(kind);
  // A missing or misspelt kind gets its own fault: deleting the object would not help.
  if (existing != nullptr && existing->kind != kind && known) {
    faults.add("kind", "different kinds: " + name + " is of kind " + existing->kind + ", not " +
                           kind + "; choose another name");
    return step;
  }
  if (known) {
    config::restore(
        whole, existing != nullptr ? existing->spec : Json(), (*known)->schema(),
        [&builder](const std::string& filter) { return builder.filter_schema(filter); }, faults);
  }
  if (!faults.empty()) return step;
  const Json* pins = existing != nullptr ? &existing->pins : nullptr;
  const auto records = existing != nullptr ? code_records(*existing) : pipeline::CodeRecords();
  const auto object =
      builder.build(whole, {.pins = pins, .records = &records, .stop = stop}, faults);
  if (!object) return step;
  step.applied.kind = object->kind;
  step.proposed.changes =
      existing == nullptr || !existing->is_current() || !same_spec(*existing, *object);
  if (step.proposed.changes) {
    step.applied.change = existing != nullptr ? Change::updated : Change::created;
    object->spec["createdAt"] = created_at(existing);
  }
  step.proposed.object = object;
  step.proposed.before = step.running;
  return step;
}

void add_warnings(std::vector<Step>& steps, const Objects& next, const CustomKinds& custom_kinds) {
  for (Step& step : steps) {
    step.applied.warnings = step.proposed.object->warnings;
    std::ranges::move(loose_ends(*step.proposed.object, next, custom_kinds),
                      std::back_inserter(step.applied.warnings));
  }
}

Objects with(Objects objects, const std::vector<Step>& steps) {
  for (const Step& step : steps)
    objects.insert_or_assign(step.proposed.object->name, step.proposed.object);
  return objects;
}

void warn_of_custom_kind(const ObjectPrototype::Reference& reference, const CustomKinds& kinds,
                         config::Faults& lines) {
  if (!kinds || kinds->contains(reference.name)) return;
  lines.warn(reference.path,
             "there is no " + reference.kind + " " + reference.name +
                 config::suggestion(reference.name, {kinds->begin(), kinds->end()}) +
                 ": until there is one, the filter finds nothing");
}

bool collide(const std::optional<Listening>& taken, const Listening& place) {
  return taken && taken->port == place.port &&
         (taken->address == place.address || taken->address.empty() || place.address.empty());
}

// Where the server will listen, or listens. Another member's server may not be built here yet.
std::optional<Listening> place_of(const Object& object) {
  if (object.is_current()) return object.prototype->listens();
  const bool will_run = object.runs() || object.is_being_built();
  if (!will_run || !object.spec.is_object()) return std::nullopt;
  const auto port = object.spec.find("port");
  if (port == object.spec.end() || !port->is_number_unsigned()) return std::nullopt;
  const auto address = object.spec.find("address");
  const bool has_address = address != object.spec.end() && address->is_string();
  return Listening{has_address ? address->get<std::string>() : "", port->get<std::uint16_t>()};
}

// Two servers on one port would take each other's connections. `all`: the objects after the change.
void check_port(const Objects& all, const ObjectList& internal, const Object& mine,
                config::Faults& faults) {
  const auto place = place_of(mine);
  if (!place) return;
  const std::string used = std::to_string(place->port) + " is used by ";
  for (const auto& [name, other] : all) {
    if (name == mine.name) continue;
    if (collide(place_of(*other), *place)) faults.add("port", used + other->kind + " " + name);
  }
  for (const auto& other : internal) {
    if (collide(other->prototype->listens(), *place))
      faults.add("port", used + "the " + other->name + " of this server");
  }
}

}  // namespace

Result<std::vector<config::Value>> objects_in(const std::string& text) {
  SLUICE_TRY(auto documents, config::parse_documents(text));
  std::erase_if(documents, [](const config::Value& document) {
    return document.kind == config::Value::Kind::null;
  });
  if (documents.empty()) return fail(ErrorKind::invalid, "the body holds no object");
  return documents;
}

Result<std::vector<Step>> propose(const std::vector<config::Value>& documents, ApplyMode mode,
                                  const Ground& ground, const std::stop_token& stop) {
  config::Faults faults;
  std::vector<Step> steps;
  std::set<std::string> seen;
  std::vector<std::string> disallowed;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const std::string prefix = document_prefix(i, documents.size());
    const std::string name = name_of(documents[i]);
    if (!seen.insert(name).second && !name.empty())
      faults.add(prefix + "name", "\"" + name + "\" is given twice");
    if (!name.empty() && !allows(mode, find_in(ground.objects, name).get())) {
      disallowed.push_back(name);
      continue;
    }
    config::Faults own;
    Step step = propose_one(documents[i], prefix, ground, stop, own);
    for (const std::string& line : own.lines()) faults.add("", prefix + line);
    if (step.proposed.object) steps.push_back(std::move(step));
    if (stop.stop_requested()) return fail(ErrorKind::unavailable, std::string(kStopping));
  }
  if (!faults.empty()) return std::unexpected(faults.to_error());
  if (!disallowed.empty()) return mode_error(mode, disallowed);
  add_warnings(steps, with(ground.objects, steps), ground.custom_kinds);
  return steps;
}

Result<void> check_ports(const std::vector<Proposed>& proposed, const Objects& next,
                         const ObjectList& internal) {
  config::Faults faults;
  for (const Proposed& each : proposed) {
    config::Faults own;
    check_port(next, internal, *each.object, own);
    for (const std::string& line : own.lines()) faults.add("", each.prefix + line);
  }
  if (faults.empty()) return {};
  return std::unexpected(faults.to_error());
}

Result<std::vector<Step>> validate(const std::vector<config::Value>& documents, ApplyMode mode,
                                   const Ground& ground, const std::stop_token& stop) {
  if (documents.empty()) return fail(ErrorKind::invalid, "no object given");
  SLUICE_TRY(auto steps, propose(documents, mode, ground, stop));
  std::vector<Proposed> proposed;
  for (const Step& step : steps) proposed.push_back(step.proposed);
  SLUICE_CHECK(check_ports(proposed, with(ground.objects, steps), ground.internal));
  return steps;
}

std::vector<std::string> loose_ends(const Object& object, const Objects& all,
                                    const CustomKinds& custom_kinds) {
  config::Faults lines;
  if (!object.runs()) return {};
  for (const ObjectPrototype::Reference& reference : object.prototype->references()) {
    if (reference.kind == kCustomDataKind) {
      warn_of_custom_kind(reference, custom_kinds, lines);
      continue;
    }
    const auto target = find_in(all, reference.name);
    if (target == nullptr) {
      lines.warn(reference.path, "there is no " + reference.kind + " " + reference.name +
                                     ": until there is one, clients get 503");
    } else if (target->kind != reference.kind) {
      lines.warn(reference.path, reference.name + " is of kind " + target->kind + ", not " +
                                     reference.kind + ": clients get 503");
    }
  }
  return lines.warnings();
}

std::vector<User> users_of(const Object& object, const Objects& all) {
  std::vector<User> users;
  for (const auto& [name, other] : all) {
    if (!other->runs()) continue;
    for (const ObjectPrototype::Reference& reference : other->prototype->references()) {
      if (reference.name == object.name && reference.kind == object.kind)
        users.push_back({name, other->kind, reference.path});
    }
  }
  return users;
}

}  // namespace sluice::control
