// SPDX-License-Identifier: Apache-2.0
// Changes on request: apply, remove.
#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "base/time.h"
#include "config/redact.h"
#include "control/controller.h"
#include "control/documents.h"
#include "control/state.h"

namespace sluice::control {

struct ControllerState::Step {
  Proposed proposed;
  Applied applied;
  std::shared_ptr<const Object> running;  // the current object of that name; null: none
};

namespace {

constexpr int kTriesMax = 5;  // of an apply, while other members change the same objects

std::string document_prefix(std::size_t index, std::size_t count) {
  return count > 1 ? "document " + std::to_string(index + 1) + ", " : "";
}

std::string now_rfc3339() { return format_rfc3339_ms(std::chrono::system_clock::now()); }

std::vector<std::string> names_of(const std::vector<config::Value>& documents) {
  std::vector<std::string> names;
  for (const config::Value& document : documents) names.push_back(name_of(document));
  return names;
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

const char* word_of(Change change) {
  switch (change) {
    case Change::created:
      return " created";
    case Change::updated:
      return " updated";
    case Change::unchanged:
      break;
  }
  return " unchanged";
}

}  // namespace

ControllerState::Step ControllerState::propose(const config::Value& document, std::string prefix,
                                               const std::stop_token& stop,
                                               config::Faults& faults) const {
  const auto mended = of_this_version(document, faults);
  config::Value whole = mended ? *mended : document;
  const std::string name = name_of(whole);
  const std::string kind = kind_of(whole);
  Step step{.proposed = {.object = nullptr, .changes = false, .prefix = std::move(prefix)},
            .applied = {.name = name, .kind = "", .change = Change::unchanged},
            .running = publisher.find(name)};
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
        [this](const std::string& filter) { return builder.filter_schema(filter); }, faults);
  }
  if (!faults.empty()) return step;
  const Json* pins = existing != nullptr ? &existing->pins : nullptr;
  const auto object = builder.build(whole, {.pins = pins, .stop = stop}, faults);
  if (!object) return step;
  step.applied.kind = object->kind;
  step.proposed.changes =
      existing == nullptr || !existing->is_current() || !same_spec(*existing, *object);
  if (step.proposed.changes) {
    step.applied.change = existing != nullptr ? Change::updated : Change::created;
    object->spec["createdAt"] = now_rfc3339();
  }
  step.proposed.object = object;
  step.proposed.before = step.running;
  return step;
}

Result<std::vector<ControllerState::Step>> ControllerState::propose_all(
    const std::vector<config::Value>& documents, ApplyMode mode,
    const std::stop_token& stop) const {
  config::Faults faults;
  std::vector<Step> steps;
  std::set<std::string> seen;
  std::vector<std::string> disallowed;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const std::string prefix = document_prefix(i, documents.size());
    const std::string name = name_of(documents[i]);
    if (!seen.insert(name).second && !name.empty())
      faults.add(prefix + "name", "\"" + name + "\" is given twice");
    if (!name.empty() && !allows(mode, publisher.find(name).get())) {
      disallowed.push_back(name);
      continue;
    }
    config::Faults own;
    Step step = propose(documents[i], prefix, stop, own);
    for (const std::string& line : own.lines()) faults.add("", prefix + line);
    if (step.proposed.object) steps.push_back(std::move(step));
    if (stop.stop_requested()) return Changes::stopping();
  }
  if (!faults.empty()) {
    Error error = faults.to_error();
    // Code that only the store has cannot be read, and the document is not to blame.
    if (store.is_shared() && !store.health().empty()) error.kind = ErrorKind::unavailable;
    return std::unexpected(std::move(error));
  }
  if (!disallowed.empty()) return mode_error(mode, disallowed);
  return steps;
}

// If another member has changed one of the objects meanwhile, this change comes after that one.
Result<std::vector<ControllerState::Step>> ControllerState::propose_and_commit(
    const std::vector<config::Value>& documents, ApplyMode mode, const std::stop_token& stop) {
  for (int tries = 1;; ++tries) {
    SLUICE_TRY(auto steps, propose_all(documents, mode, stop));
    std::vector<Proposed> proposed;
    for (const Step& step : steps) proposed.push_back(step.proposed);
    const auto committed = changes.commit(proposed);
    if (committed) return steps;
    const bool overtaken = store.is_shared() && committed.error().kind == ErrorKind::conflict;
    if (!overtaken || tries == kTriesMax) return std::unexpected(committed.error());
    logger.info("an apply begins again: " + committed.error().message);
  }
}

// An object that is unchanged has the warnings of the latest document in its status.
void ControllerState::renew_warnings(const std::vector<Step>& steps) {
  for (const Step& step : steps) {
    if (step.proposed.changes || step.running->warnings == step.proposed.object->warnings) continue;
    auto renewed = std::make_shared<Object>(*step.running);
    renewed->warnings = step.proposed.object->warnings;
    changes.replace(step.running, std::move(renewed));
  }
}

Result<std::vector<Applied>> Controller::apply(const std::vector<config::Value>& documents,
                                               ApplyMode mode) {
  ControllerState& s = *state_;
  if (documents.empty()) return fail(ErrorKind::invalid, "no object given");
  const auto claim = s.claims.take(names_of(documents));
  SLUICE_TRY(auto steps, s.propose_and_commit(documents, mode, claim.stop()));
  std::vector<Applied> result;
  s.renew_warnings(steps);
  for (ControllerState::Step& step : steps) {
    Applied& applied = step.applied;
    const Object& runs = step.proposed.changes ? *step.proposed.object : *step.running;
    applied.warnings = step.proposed.object->warnings;
    if (auto error = s.publisher.port_error(applied.name); !error.empty())
      applied.warnings.push_back(std::move(error));
    const auto now = s.store.is_shared() ? s.publisher.find(applied.name) : nullptr;
    if (now) applied.version = now->version;
    std::ranges::move(runs.prototype->notes(), std::back_inserter(applied.warnings));
    s.logger.info("object " + applied.kind + " " + applied.name + word_of(applied.change));
    result.push_back(std::move(applied));
  }
  return result;
}

Result<void> Controller::remove(std::string_view name) {
  const std::string object(name);
  const auto claim = state_->claims.take({object});
  SLUICE_CHECK(state_->changes.remove(object));
  state_->logger.info("object " + object + " deleted");
  return {};
}

Result<std::size_t> Controller::remove_all() {
  std::vector<std::string> names;
  for (const auto& [name, object] : state_->publisher.objects()) names.push_back(name);
  const auto claim = state_->claims.take(names);
  return state_->changes.remove_all(std::move(names));
}

}  // namespace sluice::control
