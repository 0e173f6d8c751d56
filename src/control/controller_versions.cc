// SPDX-License-Identifier: Apache-2.0
// The versions of the objects: looking at one, and going back to it.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "config/from_json.h"
#include "control/controller.h"
#include "control/state.h"
#include "control/validation.h"

namespace sluice::control {
namespace {

// The way back to a version.
struct WayBack {
  std::uint64_t from = 0;
  std::map<std::string, Json> specs{};  // of objects to create or change
  ObjectList removed{};

  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& [name, spec] : specs) names.push_back(name);
    for (const auto& object : removed) names.push_back(object->name);
    return names;
  }
  [[nodiscard]] std::vector<config::Value> documents() const {
    std::vector<config::Value> documents;
    for (const auto& [name, spec] : specs) documents.push_back(config::from_json(spec));
    return documents;
  }
};

struct Retreat {
  WayBack way;
  std::vector<Step> steps{};
};

std::vector<std::string> removed_names(const WayBack& way) {
  std::vector<std::string> names;
  for (const auto& object : way.removed) names.push_back(object->name);
  return names;
}

Result<void> check_order(const Controller::UndoOrder& order, std::uint64_t now) {
  if (order.from && *order.from != now) {
    return fail(ErrorKind::conflict, "the objects are of version " + std::to_string(now) +
                                         " by now: look at `egctl history` again");
  }
  if (order.to != now) return {};
  return fail(ErrorKind::invalid, "version " + std::to_string(now) + " is that of now");
}

Result<WayBack> way_back(const StoredObjects& stored, const Changes::InForce& now,
                         const Controller::UndoOrder& order) {
  SLUICE_CHECK(check_order(order, now.version));
  SLUICE_TRY(const ObjectVersions versions, stored.versions(true));
  SLUICE_TRY(const auto specs, specs_at(versions, order.to, now.version));
  WayBack way{.from = now.version};
  for (const auto& [name, spec] : specs) {
    const auto found = now.objects.find(name);
    if (!spec.is_null())
      way.specs.emplace(name, spec);
    else if (found != now.objects.end())
      way.removed.push_back(found->second);
  }
  return way;
}

// An object that comes back is as old as it was.
void keep_ages(Retreat& retreat) {
  for (Step& step : retreat.steps) {
    if (step.applied.change != Change::created) continue;
    auto object = std::make_shared<Object>(*step.proposed.object);
    object->spec["createdAt"] = retreat.way.specs.at(object->name).value("createdAt", "");
    step.proposed.object = std::move(object);
  }
}

Result<Retreat> prepare(const ControllerState& state, WayBack way, const std::stop_token& stop) {
  Retreat retreat{.way = std::move(way)};
  SLUICE_TRY(retreat.steps, state.propose_all(retreat.way.documents(), ApplyMode::apply, stop));
  keep_ages(retreat);
  return retreat;
}

std::vector<Proposed> proposed_of(const Retreat& retreat, const Author& author) {
  std::vector<Proposed> proposed;
  for (const Step& step : retreat.steps) {
    proposed.push_back(step.proposed);
    proposed.back().change = {.by = author.name, .how = "apply"};
  }
  return proposed;
}

CommitTerms terms_of(const WayBack& way, const Controller::UndoOrder& order, const Author& author) {
  return {.origin = {.by = author.name,
                     .address = author.address,
                     .how = "undo",
                     .undone_to = order.to},
          .removed = removed_names(way),
          .only_after = way.from};
}

Objects without(Objects objects, const ObjectList& removed) {
  for (const auto& object : removed) objects.erase(object->name);
  return objects;
}

Applied deletion_of(const Object& object, const Objects& after) {
  Applied applied{.name = object.name, .kind = object.kind, .change = Change::deleted};
  for (const User& user : users_of(object, after)) {
    applied.warnings.push_back(user.kind + " " + user.name + " still names it (" + user.path +
                               "): clients get 503");
  }
  return applied;
}

}  // namespace

Result<Controller::History> Controller::history() const {
  SLUICE_TRY(ObjectVersions versions, state_->stored.versions(false));
  const std::uint64_t now = state_->changes.in_force().version;
  const std::uint64_t oldest = oldest_known(versions, now);
  return History{now, oldest, std::move(versions)};
}

Result<std::vector<Json>> Controller::objects_at(std::uint64_t version) const {
  const Changes::InForce now = state_->changes.in_force();
  SLUICE_TRY(const ObjectVersions versions, state_->stored.versions(true));
  SLUICE_TRY(const auto specs, specs_at(versions, version, now.version));
  std::map<std::string, Json> all;
  for (const auto& [name, object] : now.objects) all[name] = object->spec;
  for (const auto& [name, spec] : specs) all[name] = spec;
  std::vector<Json> list;
  for (auto& [name, spec] : all) {
    if (!spec.is_null()) list.push_back(std::move(spec));
  }
  return list;
}

Result<std::vector<Preview>> Controller::undo(const UndoOrder& order, const Author& author) {
  ControllerState& s = *state_;
  for (ChangeRetries retries;;) {
    SLUICE_TRY(WayBack way, way_back(s.stored, s.changes.in_force(), order));
    const auto claim = s.claims.take(way.names());
    SLUICE_TRY(Retreat retreat, prepare(s, std::move(way), claim.stop()));
    const std::vector<Proposed> proposed = proposed_of(retreat, author);
    const CommitTerms terms = terms_of(retreat.way, order, author);
    const auto done = order.dry_run ? s.changes.check(proposed, terms.removed)
                                    : s.changes.commit(proposed, terms);
    if (done) return outcomes_of(retreat.steps, retreat.way.removed, order);
    const bool overtaken = !order.from && done.error().kind == ErrorKind::conflict;
    const auto next = overtaken ? retries.next(Clock::now()) : std::nullopt;
    if (!next || claim.stop().stop_requested()) return std::unexpected(done.error());
    std::this_thread::sleep_until(*next);
  }
}

std::vector<Preview> Controller::outcomes_of(std::vector<Step>& steps, const ObjectList& removed,
                                             const UndoOrder& order) {
  std::vector<Preview> result;
  const auto shown = [this](const Json& spec) { return without_secrets(without_time(spec)); };
  for (const Step& step : steps) {
    result.push_back({.applied = {},
                      .before = step.running ? shown(step.running->spec) : Json(),
                      .spec = shown(step.proposed.object->spec)});
  }
  std::vector<Applied> applied;
  if (order.dry_run) {
    add_notes(steps);
    for (Step& step : steps) applied.push_back(std::move(step.applied));
  } else {
    applied = state_->outcomes(steps);
  }
  for (std::size_t i = 0; i < applied.size(); ++i) result[i].applied = std::move(applied[i]);
  const Objects after = without(state_->publisher.objects(), removed);
  for (const auto& object : removed) {
    if (!order.dry_run)
      state_->logger.info("object " + object->kind + " " + object->name + " deleted");
    result.push_back({deletion_of(*object, after), shown(object->spec), Json()});
  }
  return result;
}

}  // namespace sluice::control
