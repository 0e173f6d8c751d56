// SPDX-License-Identifier: Apache-2.0
// Changes on request: apply, remove.
#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <thread>

#include "control/controller.h"
#include "control/state.h"
#include "control/validation.h"

namespace sluice::control {

namespace {

std::vector<std::string> names_of(const std::vector<config::Value>& documents) {
  std::vector<std::string> names;
  for (const config::Value& document : documents) names.push_back(name_of(document));
  return names;
}

const char* word_of(Change change) {
  switch (change) {
    case Change::created:
      return " created";
    case Change::updated:
      return " updated";
    case Change::deleted:
      return " deleted";
    case Change::unchanged:
      break;
  }
  return " unchanged";
}

ChangeOrigin deletion_by(const Author& author) {
  return {.by = author.name, .address = author.address, .how = "delete"};
}

}  // namespace

Result<std::vector<Step>> ControllerState::propose_all(
    const std::vector<config::Value>& documents, ApplyMode mode, const std::stop_token& stop,
    const std::set<std::string>& new_kinds) const {
  CustomKinds kinds = new_kinds;
  for (const auto& [name, kind] : custom_data.state()->kinds) kinds->insert(name);
  auto steps = propose(documents, mode, {builder, publisher.objects(), std::move(kinds)}, stop);
  // Code that only the store has cannot be read, and the document is not to blame.
  if (!steps && steps.error().kind == ErrorKind::invalid && store.is_shared() &&
      !store.health().empty())
    steps.error().kind = ErrorKind::unavailable;
  return steps;
}

// If another member has changed one of the objects meanwhile, this change comes after that one.
Result<std::vector<Step>> ControllerState::propose_and_commit(
    const std::vector<config::Value>& documents, ApplyMode mode, const Author& author,
    const std::stop_token& stop) {
  const CommitTerms terms{.origin = {.by = author.name, .address = author.address, .how = "apply"}};
  for (ChangeRetries retries;;) {
    SLUICE_TRY(auto steps, propose_all(documents, mode, stop));
    std::vector<Proposed> proposed;
    for (const Step& step : steps) {
      proposed.push_back(step.proposed);
      proposed.back().change = {.by = author.name, .how = "apply"};
    }
    const auto committed = changes.commit(proposed, terms);
    if (committed) return steps;
    const bool overtaken = store.is_shared() && committed.error().kind == ErrorKind::conflict;
    const auto next = overtaken ? retries.next(Clock::now()) : std::nullopt;
    if (!next || stop.stop_requested()) return std::unexpected(committed.error());
    logger.info("an apply begins again: " + committed.error().message);
    std::this_thread::sleep_until(*next);
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

Result<std::vector<Applied>> ControllerState::apply(const std::vector<config::Value>& documents,
                                                    ApplyMode mode, const Author& author) {
  if (documents.empty()) return fail(ErrorKind::invalid, "no object given");
  const auto claim = claims.take(names_of(documents));
  SLUICE_TRY(auto steps, propose_and_commit(documents, mode, author, claim.stop()));
  return outcomes(steps);
}

std::vector<Applied> ControllerState::outcomes(std::vector<Step>& steps) {
  std::vector<Applied> result;
  renew_warnings(steps);
  for (Step& step : steps) {
    Applied& applied = step.applied;
    if (auto error = publisher.port_error(applied.name); !error.empty())
      applied.warnings.push_back(std::move(error));
    const auto now = store.is_shared() ? publisher.find(applied.name) : nullptr;
    if (now) applied.version = now->version;
  }
  add_notes(steps);
  for (Step& step : steps) {
    Applied& applied = step.applied;
    logger.info("object " + applied.kind + " " + applied.name + word_of(applied.change));
    result.push_back(std::move(applied));
  }
  return result;
}

Result<std::vector<Applied>> Controller::apply(const std::vector<config::Value>& documents,
                                               ApplyMode mode, const Author& author) {
  auto applied = state_->apply(documents, mode, author);
  state_->reloads.note(ReloadKind::objects, applied.has_value());
  return applied;
}

Result<std::vector<Preview>> Controller::preview(const std::vector<config::Value>& documents,
                                                 ApplyMode mode,
                                                 const std::set<std::string>& new_kinds) {
  ControllerState& s = *state_;
  if (documents.empty()) return fail(ErrorKind::invalid, "no object given");
  const auto claim = s.claims.take(names_of(documents));
  SLUICE_TRY(auto steps, s.propose_all(documents, mode, claim.stop(), new_kinds));
  std::vector<Proposed> proposed;
  for (const Step& step : steps) proposed.push_back(step.proposed);
  SLUICE_CHECK(s.changes.check(proposed));
  std::vector<Preview> result;
  add_notes(steps);
  for (Step& step : steps) {
    Json before = step.running ? without_secrets(without_time(step.running->spec)) : Json();
    result.push_back({std::move(step.applied), std::move(before),
                      without_secrets(without_time(step.proposed.object->spec))});
  }
  return result;
}

void add_notes(std::vector<Step>& steps) {
  for (Step& step : steps) {
    const Object& runs = step.proposed.changes ? *step.proposed.object : *step.running;
    std::ranges::move(runs.prototype->notes(), std::back_inserter(step.applied.warnings));
    std::ranges::move(runs.prototype->other_code(), std::back_inserter(step.applied.warnings));
  }
}

Result<std::vector<User>> Controller::remove(std::string_view name, const Author& author) {
  const std::string object(name);
  const auto claim = state_->claims.take({object});
  const auto removed = state_->publisher.find(object);
  SLUICE_CHECK(state_->changes.remove(object, deletion_by(author)));
  state_->logger.info("object " + (removed ? removed->kind + " " : std::string()) + object +
                      " deleted");
  if (!removed) return std::vector<User>();
  return users_of(*removed, state_->publisher.objects());
}

Result<std::size_t> Controller::remove_all(const Author& author) {
  std::vector<std::string> names;
  for (const auto& [name, object] : state_->publisher.objects()) names.push_back(name);
  const auto claim = state_->claims.take(names);
  SLUICE_TRY(const ObjectList removed, state_->changes.remove_all(names, deletion_by(author)));
  for (const auto& object : removed)
    state_->logger.info("object " + object->kind + " " + object->name + " deleted");
  return removed.size();
}

}  // namespace sluice::control
