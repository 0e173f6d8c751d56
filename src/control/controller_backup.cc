// SPDX-License-Identifier: Apache-2.0
// The parts of a backup that the controller has: objects, their pins, and the code.
#include <algorithm>
#include <latch>
#include <nlohmann/json.hpp>
#include <set>

#include "control/controller.h"
#include "control/state.h"

namespace sluice::control {
namespace {

using BuiltList = std::vector<std::shared_ptr<const Object>>;

pipeline::CodeKeeper* keeper_of(const pipeline::FilterKinds& kinds, std::string_view kind) {
  const auto found = std::ranges::find_if(kinds, [&](const auto& each) {
    return each->name() == kind && each->code_keeper() != nullptr;
  });
  return found == kinds.end() ? nullptr : (*found)->code_keeper();
}

std::unexpected<Error> no_keeper(const std::string& kind) {
  return fail(ErrorKind::invalid, "filters of kind \"" + kind + "\" keep no code here");
}

// Adds the code of the pins of `object`, and holds it.
void add_code(const Object& object, const pipeline::FilterKinds& kinds, SavedState& out) {
  if (!object.pins.is_object()) return;
  for (const auto& [filter, pin] : object.pins.items()) {
    for (const auto& kind : kinds) {
      const std::string sha256 = kind->code_of(pin);
      pipeline::CodeKeeper* keeper = kind->code_keeper();
      if (sha256.empty() || keeper == nullptr) continue;
      auto known = std::ranges::find_if(out.code, [&](const SavedCode& code) {
        return code.kind == kind->name() && code.sha256 == sha256;
      });
      if (known == out.code.end()) {
        out.holds.push_back(keeper->hold(sha256));
        known =
            out.code.insert(known, SavedCode{.kind = std::string(kind->name()), .sha256 = sha256});
      }
      known->in_use = known->in_use || object.runs();
    }
  }
}

std::string label_of(const SavedObject& saved) { return saved.kind + " " + saved.name; }

// "created Pipeline p, Pipeline q"
std::string step_line(const std::string& verb, const BuiltList& objects) {
  std::string line;
  for (const auto& object : objects)
    line += (line.empty() ? " " : ", ") + object->kind + " " + object->name;
  return verb + line;
}

// An object of the backup that cannot be built, as it was when the backup was made.
std::shared_ptr<const Object> failed_object(const SavedObject& saved, std::string error) {
  auto object = std::make_shared<Object>();
  object->name = saved.name;
  object->kind = saved.kind;
  object->spec = saved.spec;
  object->pins = saved.pins;
  object->error = std::move(error);
  return object;
}

std::shared_ptr<const Object> build_one(const ObjectBuilder& builder, const SavedObject& saved,
                                        const std::stop_token& stop, config::Faults& faults) {
  Object stored;
  stored.spec = saved.spec;
  stored.pins = saved.pins;
  return builder.build_stored(stored, {.pins = &stored.pins, .stop = stop, .anew = true}, faults);
}

// Objects of which the first do not listen, and the others do, or may once they run.
struct Parts {
  BuiltList inner;
  BuiltList doors;
};

Parts split_doors(const BuiltList& built) {
  Parts parts;
  for (const auto& object : built) {
    const bool inner = object->runs() && !object->prototype->listens();
    (inner ? parts.inner : parts.doors).push_back(object);
  }
  return parts;
}

Result<void> commit_part(Changes& changes, const BuiltList& part, const ChangeOrigin& origin,
                         std::vector<std::string>& done) {
  if (part.empty()) return {};
  std::vector<Proposed> proposed;
  for (const auto& object : part)
    proposed.push_back({.object = object,
                        .changes = true,
                        .prefix = object->kind + " " + object->name + ", ",
                        .change = {.how = "restore"}});
  SLUICE_CHECK(changes.commit(proposed, {.origin = origin}));
  done.push_back(step_line("created", part));
  return {};
}

Result<void> check_names(const std::vector<SavedObject>& objects) {
  std::set<std::string_view> names;
  for (const SavedObject& saved : objects) {
    const bool same = saved.spec.is_object() && saved.spec.value("name", Json()) == saved.name &&
                      saved.spec.value("kind", Json()) == saved.kind;
    if (!same) return fail(ErrorKind::invalid, label_of(saved) + ": its spec has other names");
    if (!saved.spec.value("createdAt", Json("")).is_string())
      return fail(ErrorKind::invalid, label_of(saved) + ": createdAt is no text");
    if (!names.insert(saved.name).second)
      return fail(ErrorKind::invalid, "\"" + saved.name + "\" is there twice");
  }
  return {};
}

}  // namespace

SavedState Controller::save() const {
  SavedState out;
  out.in_force = state_->publisher.objects();
  for (const auto& [name, object] : out.in_force) {
    out.objects.push_back({name, object->kind, object->spec, object->pins, object->runs()});
    add_code(*object, state_->builder.filters(), out);
  }
  return out;
}

Result<std::string> Controller::load_code(const SavedCode& code) const {
  const pipeline::CodeKeeper* keeper = keeper_of(state_->builder.filters(), code.kind);
  return keeper != nullptr ? keeper->load(code.sha256) : no_keeper(code.kind);
}

Result<pipeline::CodeKeeper::Hold> Controller::keep_code(const SavedCode& code,
                                                         std::string_view bytes) {
  pipeline::CodeKeeper* keeper = keeper_of(state_->builder.filters(), code.kind);
  return keeper != nullptr ? keeper->keep(code.sha256, bytes) : no_keeper(code.kind);
}

// Builds all objects at the same time. An object that did not run when the backup was made need not
// run now.
Result<std::vector<std::shared_ptr<const Object>>> ControllerState::build_saved(
    const std::vector<SavedObject>& saved, const std::stop_token& stop) {
  BuiltList built(saved.size());
  std::vector<config::Faults> faults(saved.size());
  std::latch done(static_cast<std::ptrdiff_t>(saved.size()));
  for (std::size_t i = 0; i < saved.size(); ++i) {
    const bool begun = crew.run([&, i] {
      built[i] = build_one(builder, saved[i], stop, faults[i]);
      done.count_down();
    });
    if (!begun) done.count_down();
  }
  done.wait();
  if (stop.stop_requested()) return Changes::stopping();
  config::Faults all;
  for (std::size_t i = 0; i < saved.size(); ++i) {
    if (built[i]) continue;
    if (faults[i].empty()) return Changes::stopping();
    if (!saved[i].runs) {
      built[i] = failed_object(saved[i], faults[i].to_error().message);
      continue;
    }
    for (const std::string& line : faults[i].lines()) all.add("", label_of(saved[i]) + ", " + line);
  }
  if (!all.empty()) return std::unexpected(all.to_error());
  return built;
}

Result<std::vector<RestoredObject>> Controller::restore(const Restoration& order) {
  ControllerState& s = *state_;
  const ChangeOrigin origin{
      .by = order.author.name, .address = order.author.address, .how = "restore"};
  SLUICE_CHECK(check_names(order.objects));
  std::vector<std::string> names;
  BuiltList there;
  for (const auto& [name, object] : s.publisher.objects()) {
    names.push_back(name);
    there.push_back(object);
  }
  if (!order.replace && !there.empty()) return fail(ErrorKind::conflict, "the gateway has objects");
  const std::vector<std::string> doomed = names;
  for (const SavedObject& saved : order.objects) names.push_back(saved.name);
  const auto claim = s.claims.take(names);
  SLUICE_TRY(const BuiltList built, s.build_saved(order.objects, claim.stop()));
  const Parts parts = split_doors(built);
  for (const auto& [name, object] : s.publisher.objects()) {
    if (std::ranges::find(doomed, name) == doomed.end())
      return fail(ErrorKind::conflict, name + " was created meanwhile: restore again");
  }
  if (!there.empty()) {
    SLUICE_CHECK(s.changes.remove_all(doomed, origin));
    order.done.push_back(step_line("deleted", there));
  }
  SLUICE_CHECK(commit_part(s.changes, parts.inner, origin, order.done));
  SLUICE_CHECK(order.restore_data());
  SLUICE_CHECK(commit_part(s.changes, parts.doors, origin, order.done));
  std::vector<RestoredObject> restored;
  for (const auto& object : built) {
    s.logger.info("object " + object->kind + " " + object->name + " restored");
    std::string warning = object->error;
    if (warning.empty()) warning = s.publisher.port_error(object->name);
    restored.push_back({object->name, object->kind, std::move(warning)});
  }
  return restored;
}

}  // namespace sluice::control
