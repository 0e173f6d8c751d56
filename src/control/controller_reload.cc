// SPDX-License-Identifier: Apache-2.0
// `reload-code`: all pipelines at the same time, each independently.
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

}  // namespace

Result<std::vector<Reloaded>> Controller::reload_code() {
  ControllerState& s = *state_;
  std::vector<std::string> names;
  for (const auto& [name, object] : s.publisher.objects()) {
    if (is_pipeline(*object)) names.push_back(name);
  }
  std::vector<std::vector<Reloaded>> parts(names.size());
  std::latch done(static_cast<std::ptrdiff_t>(names.size()));
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool begun = s.crew.run([&s, &done, &part = parts[i], &name = names[i]] {
      part = s.reload(name);
      done.count_down();
    });
    if (!begun) done.count_down();
  }
  done.wait();
  std::vector<Reloaded> result;
  for (auto& part : parts) {
    for (Reloaded& each : part) {
      const std::string what = "reload " + each.pipeline + "/" + each.filter;
      if (!each.error.empty()) {
        s.logger.error(what + " refused, the old code serves on: " + each.error);
      } else {
        s.logger.info(what + (each.changed ? ": now " : ": unchanged, ") + each.code_hash);
      }
      result.push_back(std::move(each));
    }
  }
  return result;
}

std::vector<Reloaded> ControllerState::reload(const std::string& name) {
  const auto claim = claims.take({name});
  const auto object = publisher.find(name);
  if (!object || !is_pipeline(*object)) return {};
  const auto running = pipeline_of(*object);
  if (!running) return build_anew(name, object, claim.stop());
  std::vector<Reloaded> result;
  std::vector<pipeline::PipelinePrototype::ReloadNote> notes;
  auto draft = states.draft(name);
  draft.continue_all();
  auto fresh = running->reload(notes, draft.scope(), claim.stop());
  const auto& runs = fresh ? fresh : running;
  for (auto& note : notes) {
    result.push_back(
        {name, note.filter, note.changed, hash_of(*runs, note.filter), std::move(note.error)});
  }
  if (!fresh) return result;
  auto reloaded = std::make_shared<Object>(*object);
  reloaded->prototype = make_pipeline(std::move(fresh));
  reloaded->pins = reloaded->prototype->pins();
  reloaded->states = std::move(draft).finish();
  changes.replace(object, std::move(reloaded));
  return result;
}

// Builds a pipeline that does not run, because its current code may have become valid.
std::vector<Reloaded> ControllerState::build_anew(const std::string& name,
                                                  const std::shared_ptr<const Object>& object,
                                                  const std::stop_token& stop) {
  config::Faults faults;
  auto built =
      builder.build_stored(*object, {.pins = &object->pins, .fresh = true, .stop = stop}, faults);
  std::vector<Reloaded> result;
  for (const std::string& filter : filters_with_code(object->spec, builder.filters())) {
    result.push_back({name, filter, built != nullptr,
                      built ? hash_of(*pipeline_of(*built), filter) : "",
                      built ? "" : "the pipeline does not run: " + faults.to_error().message});
  }
  if (built) changes.replace(object, std::move(built));
  return result;
}

}  // namespace sluice::control
