// SPDX-License-Identifier: Apache-2.0
// `reload-code`: all pipelines at the same time, each independently. Uploads and rollbacks: one.
#include <algorithm>
#include <latch>
#include <nlohmann/json.hpp>

#include "base/time.h"
#include "control/code_history.h"
#include "control/controller.h"
#include "control/kinds/pipeline.h"
#include "control/state.h"
#include "pipeline/with_code.h"

namespace sluice::control {
namespace {

constexpr std::size_t kHashDigitsShown = 12;

// The names of the filters with code, from the spec of a pipeline that does not run.
std::vector<std::string> filters_with_code(const Json& spec, const pipeline::FilterKinds& kinds) {
  std::vector<std::string> names;
  const auto filters = spec.is_object() ? spec.value("filters", Json::array()) : Json::array();
  for (const Json& filter : filters) {
    if (!filter.is_object()) continue;
    for (const auto& kind : kinds) {
      if (kind->has_code() && filter.value("kind", "") == kind->name())
        names.push_back(filter.value("name", ""));
    }
  }
  return names;
}

std::string hash_of(const pipeline::PipelinePrototype& pipeline, const std::string& filter) {
  return pipeline.find(filter)->status().value("codeHash", "");
}

// "", or what becomes of uploaded code that ran in the filter. Its way back is the history.
std::string farewell_to_upload(const pipeline::PipelinePrototype& before,
                               const std::string& filter) {
  const auto* code = dynamic_cast<const pipeline::WithCode*>(before.find(filter));
  if (code == nullptr || code->code_facts().source != "upload") return {};
  return "the code that was uploaded, " + hash_of(before, filter).substr(0, kHashDigitsShown) +
         "…, runs no longer: `egctl wasm rollback` brings it back";
}

// "rollback of shop/wasm by ann on member gw-2"
void log_outcome(const Reloaded& one, const CodeChange& change, const Logger& logger) {
  const std::string what = (change.how.empty() ? "reload" : change.how) + " of " + one.pipeline +
                           "/" + one.filter + (change.by.empty() ? "" : " by " + change.by) +
                           (one.member.empty() ? "" : " on member " + one.member);
  if (!one.warning.empty()) logger.warn(what + ": " + one.warning);
  if (!one.warning.empty() && !one.changed) return;
  if (!one.error.empty()) {
    logger.error(what + " refused, the old code serves on: " + one.error);
  } else {
    logger.info(what + (one.changed ? ": now " : ": unchanged, ") + one.code_hash);
  }
}

}  // namespace

Result<std::vector<Reloaded>> Controller::reload_code(bool force, const std::string& by) {
  std::vector<std::string> names;
  for (const auto& [name, object] : state_->publisher.objects()) {
    if (is_pipeline(*object)) names.push_back(name);
  }
  return state_->reload_and_count(names, {.force = force, .change = {.by = by, .how = "reload"}});
}

Result<std::vector<Reloaded>> Controller::reload_code_of(const std::string& pipeline,
                                                         const std::string& filter, bool force,
                                                         const std::string& by) {
  SLUICE_CHECK(check_has_code(pipeline, filter));
  return state_->reload_and_count(
      {pipeline}, {.filter = filter, .force = force, .change = {.by = by, .how = "reload"}});
}

Result<std::vector<Reloaded>> Controller::upload_code(const std::string& pipeline,
                                                      const std::string& filter,
                                                      const std::string& code, bool force,
                                                      const std::string& by) {
  SLUICE_CHECK(check_has_code(pipeline, filter));
  return state_->reload_and_count(
      {pipeline},
      {.filter = filter, .code = &code, .force = force, .change = {.by = by, .how = "upload"}});
}

Result<Controller::RolledBack> Controller::roll_back_code(const std::string& pipeline,
                                                          const std::string& filter,
                                                          const std::string& to,
                                                          const std::string& from, bool force,
                                                          const std::string& by) {
  SLUICE_CHECK(check_has_code(pipeline, filter));
  const auto object = state_->publisher.find(pipeline);
  if (!object) return fail(ErrorKind::not_found, "not found: " + pipeline);
  RolledBack done;
  done.from = code_hashes(object->pins)[filter];
  if (!done.from.starts_with(from)) {
    return fail(ErrorKind::conflict, "filter " + filter + " runs " +
                                         done.from.substr(0, kHashDigitsShown) + "… now, and not " +
                                         from.substr(0, kHashDigitsShown) + "…: look again");
  }
  SLUICE_TRY(const std::string target, rollback_target(*object, filter, to));
  SLUICE_TRY(done.reloaded,
             state_->reload_and_count({pipeline}, {.filter = filter,
                                                   .to = target,
                                                   .from = done.from,
                                                   .force = force,
                                                   .change = {.by = by, .how = "rollback"}}));
  return done;
}

Result<std::vector<Reloaded>> ControllerState::reload_and_count(
    const std::vector<std::string>& names, const CodeRequest& request) {
  auto reloaded = reload_all(names, request);
  const auto runs = [](const Reloaded& one) { return one.error.empty(); };
  reloads.note(ReloadKind::code, reloaded && std::ranges::all_of(*reloaded, runs));
  return reloaded;
}

Result<std::vector<Reloaded>> ControllerState::reload_all(const std::vector<std::string>& names,
                                                          const CodeRequest& request) {
  std::vector<FreshCode> parts(names.size());
  std::latch done(static_cast<std::ptrdiff_t>(names.size()));
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool begun = crew.run([this, &done, &request, &part = parts[i], &name = names[i]] {
      part = reload(name, request);
      done.count_down();
    });
    if (!begun) done.count_down();
  }
  done.wait();
  if (store.is_shared()) {
    Swap swap(store, stored, changes, claims, member, request.force, logger);
    SLUICE_CHECK(swap.run(parts));
    loader.build_new();
  }
  std::vector<Reloaded> result;
  for (FreshCode& part : parts) {
    for (Reloaded& each : part.outcome) {
      log_outcome(each, request.change, logger);
      result.push_back(std::move(each));
    }
  }
  return result;
}

FreshCode ControllerState::reload(const std::string& name, const CodeRequest& request) {
  const auto claim = claims.take({name});
  FreshCode fresh = build_fresh(name, request, claim.stop());
  // On a shared store, the claim ends here, and other members build.
  if (fresh.built && !store.is_shared()) changes.replace(fresh.before, fresh.built);
  return fresh;
}

FreshCode ControllerState::build_fresh(const std::string& name, const CodeRequest& request,
                                       const std::stop_token& stop) {
  const auto object = publisher.find(name);
  if (!object || !is_pipeline(*object)) return {};
  const auto running = pipeline_of(*object);
  if (!request.to.empty()) return build_rolled_back(object, request, stop);
  if (!running || object->behind) return build_anew(object, request, stop);
  FreshCode result{.pipeline = name, .before = object};
  std::vector<pipeline::PipelinePrototype::ReloadNote> outcomes;
  auto draft = states.draft(name);
  draft.continue_all();
  auto fresh = running->reload(outcomes, draft.scope(), {.stop = stop, .code = request.code},
                               request.filter);
  const auto& runs = fresh ? fresh : running;
  for (auto& note : outcomes) {
    const bool same = !note.changed && note.error.empty();
    if (note.changed && note.remark.empty() && request.code == nullptr)
      note.remark = farewell_to_upload(*running, note.filter);
    result.outcome.push_back({.pipeline = name,
                              .filter = note.filter,
                              .changed = note.changed,
                              .code_hash = hash_of(*runs, note.filter),
                              .error = std::move(note.error),
                              .warning = !note.remark.empty() ? std::move(note.remark)
                                         : same               ? runs->find(note.filter)->note()
                                                              : ""});
  }
  if (!fresh) return result;
  auto reloaded = std::make_shared<Object>(*object);
  reloaded->prototype = make_pipeline(std::move(fresh));
  reloaded->pins = reloaded->prototype->pins();
  reloaded->states = std::move(draft).finish();
  reloaded->change = request.change;
  result.built = std::move(reloaded);
  return result;
}

// One change of the pins: no member waits for another one.
Result<bool> ControllerState::take_back(const std::shared_ptr<const Object>& object,
                                        const std::string& filter, const std::string& why) {
  const auto claim = claims.try_take(object->name);
  if (!claim || publisher.find(object->name) != object) return false;  // it is being changed
  CodeRequest request{.filter = filter, .change = {.how = "automatic rollback", .why = why}};
  request.from = code_hashes(object->pins)[filter];
  auto target = proven_target(*object, filter);
  if (!target) {
    reloads.note(ReloadKind::rollback, false);
    return std::unexpected(std::move(target).error());
  }
  request.to = *std::move(target);
  FreshCode fresh = build_rolled_back(object, request, claim->stop());
  if (!fresh.built) {
    reloads.note(ReloadKind::rollback, false);
    return fail(ErrorKind::invalid, fresh.outcome.front().error);
  }
  SLUICE_TRY(const auto swapped, changes.swap({{fresh.before, fresh.built}}, nullptr));
  if (swapped.empty()) return false;  // another change was first
  reloads.note(ReloadKind::rollback, true);
  logger.warn("automatic rollback of " + object->name + "/" + filter + ": now " + request.to +
              ", was " + request.from + ": " + why);
  return true;
}

// The pins stay, and the copy has the news in its history: Changes::swap().
Result<bool> ControllerState::note_trials(const std::shared_ptr<const Object>& object) {
  const auto claim = claims.try_take(object->name);
  if (!claim || publisher.find(object->name) != object) return false;
  const auto same = std::make_shared<Object>(*object);
  SLUICE_TRY(const auto swapped, changes.swap({{object, same}}, nullptr));
  return !swapped.empty();
}

// As a member builds what another one has rolled back: from the spec, with other pins.
FreshCode ControllerState::build_rolled_back(const std::shared_ptr<const Object>& object,
                                             const CodeRequest& request,
                                             const std::stop_token& stop) const {
  FreshCode result{.pipeline = object->name, .before = object};
  Reloaded outcome{
      .pipeline = object->name, .filter = request.filter, .code_hash = request.from, .error = ""};
  const auto refuse = [&](std::string why) {
    outcome.error = std::move(why);
    result.outcome.push_back(std::move(outcome));
    return std::move(result);
  };
  if (!object->is_current()) return refuse("the pipeline is being built: try again");
  if (code_hashes(object->pins)[request.filter] != request.from)
    return refuse("other code has come into force meanwhile, and runs on");
  // A build without the kept code would read what `code` holds, which is not what was asked for.
  if (const auto kept = load_code(request.to); !kept)
    return refuse("the code " + request.to + " is not there any more: " + kept.error().message);
  const Json pins = rolled_back_pins(*object, request.filter, request.to, request.change,
                                     format_rfc3339_ms(std::chrono::system_clock::now()));
  config::Faults faults;
  const auto built = builder.build_stored(*object, {.pins = &pins, .stop = stop}, faults);
  if (!built) return refuse(faults.to_error().message);
  if (built->pins != pins) return refuse("the code " + request.to + " is not there any more");
  built->change = request.change;
  outcome.changed = true;
  outcome.code_hash = request.to;
  outcome.warning = rolled_back_note(*object, request.filter, request.to);
  result.outcome.push_back(std::move(outcome));
  result.built = built;
  return result;
}

// Builds a pipeline that does not run, because its current code may have become valid.
FreshCode ControllerState::build_anew(const std::shared_ptr<const Object>& object,
                                      const CodeRequest& request,
                                      const std::stop_token& stop) const {
  config::Faults faults;
  FreshCode result{.pipeline = object->name, .before = object};
  auto built =
      builder.build_stored(*object, {.pins = &object->pins, .fresh = true, .stop = stop}, faults);
  if (built) built->change = request.change;
  result.built = built;
  for (const std::string& filter : filters_with_code(object->spec, builder.filters())) {
    result.outcome.push_back(
        {object->name, filter, built != nullptr, built ? hash_of(*pipeline_of(*built), filter) : "",
         built ? "" : "the pipeline does not run: " + faults.to_error().message});
  }
  return result;
}

}  // namespace sluice::control
