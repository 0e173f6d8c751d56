// SPDX-License-Identifier: Apache-2.0
// `reload-code`: all pipelines at the same time, each independently.
#include <algorithm>
#include <latch>
#include <nlohmann/json.hpp>

#include "control/controller.h"
#include "control/kinds/pipeline.h"
#include "control/state.h"

namespace sluice::control {
namespace {

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

void log_outcome(const Reloaded& one, const Logger& logger) {
  const std::string what = "reload " + one.pipeline + "/" + one.filter +
                           (one.member.empty() ? "" : " on member " + one.member);
  if (!one.warning.empty()) {
    logger.warn(what + ": " + one.warning);
  } else if (!one.error.empty()) {
    logger.error(what + " refused, the old code serves on: " + one.error);
  } else {
    logger.info(what + (one.changed ? ": now " : ": unchanged, ") + one.code_hash);
  }
}

}  // namespace

Result<std::vector<Reloaded>> Controller::reload_code(bool force) {
  std::vector<std::string> names;
  for (const auto& [name, object] : state_->publisher.objects()) {
    if (is_pipeline(*object)) names.push_back(name);
  }
  return state_->reload_and_count(names, {.force = force});
}

Result<std::vector<Reloaded>> Controller::upload_code(const std::string& pipeline,
                                                      const std::string& filter,
                                                      const std::string& code, bool force) {
  SLUICE_CHECK(data_namespace(pipeline, filter));
  return state_->reload_and_count({pipeline}, {.filter = filter, .code = &code, .force = force});
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
      log_outcome(each, logger);
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
  if (!running || object->behind) return build_anew(object, stop);
  FreshCode result{.pipeline = name, .before = object};
  std::vector<pipeline::PipelinePrototype::ReloadNote> outcomes;
  auto draft = states.draft(name);
  draft.continue_all();
  auto fresh = running->reload(outcomes, draft.scope(), {.stop = stop, .code = request.code},
                               request.filter);
  const auto& runs = fresh ? fresh : running;
  for (auto& note : outcomes) {
    result.outcome.push_back(
        {name, note.filter, note.changed, hash_of(*runs, note.filter), std::move(note.error)});
  }
  if (!fresh) return result;
  auto reloaded = std::make_shared<Object>(*object);
  reloaded->prototype = make_pipeline(std::move(fresh));
  reloaded->pins = reloaded->prototype->pins();
  reloaded->states = std::move(draft).finish();
  result.built = std::move(reloaded);
  return result;
}

// Builds a pipeline that does not run, because its current code may have become valid.
FreshCode ControllerState::build_anew(const std::shared_ptr<const Object>& object,
                                      const std::stop_token& stop) const {
  config::Faults faults;
  FreshCode result{.pipeline = object->name, .before = object};
  result.built =
      builder.build_stored(*object, {.pins = &object->pins, .fresh = true, .stop = stop}, faults);
  const auto& built = result.built;
  for (const std::string& filter : filters_with_code(object->spec, builder.filters())) {
    result.outcome.push_back(
        {object->name, filter, built != nullptr, built ? hash_of(*pipeline_of(*built), filter) : "",
         built ? "" : "the pipeline does not run: " + faults.to_error().message});
  }
  return result;
}

}  // namespace sluice::control
