// SPDX-License-Identifier: Apache-2.0
// The internals of Controller.
//
// A change of an object claims its name (Claims: other changes of the same object wait), builds the
// object outside every lock (ObjectBuilder), then checks it against the others, stores and
// publishes it (Changes). So an object that takes long delays only its own changes.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "control/builder.h"
#include "control/change.h"
#include "control/changes.h"
#include "control/claims.h"
#include "control/crew.h"
#include "control/housekeeper.h"
#include "control/loader.h"
#include "control/publisher.h"
#include "control/saved_objects.h"
#include "control/stored_objects.h"
#include "pipeline/state_registry.h"

namespace sluice::control {

// The limit of concurrent builds. It is high because builds mostly wait.
inline constexpr std::size_t kBuildsAtOnceMax = 64;

struct ControllerState {
  ControllerState(unsigned core_count, Logger its_logger, store::Store& its_store,
                  server::Workers& its_workers, pipeline::FilterKinds filters, ObjectKinds kinds)
      : logger(std::move(its_logger)),
        store(its_store),
        workers(its_workers),
        builder(std::move(kinds), std::move(filters), core_count, &states),
        stored(store),
        publisher(core_count, logger, workers, states),
        changes(stored, publisher, logger),
        loader(builder, claims, publisher, changes, crew, logger),
        housekeeper(builder, publisher, changes, loader) {}

  // controller_apply.cc: builds one of the documents, and collects the report on it. A null object:
  // faults were added. Error: the mode forbids the change. Requires: a claim on the object.
  struct Step;
  [[nodiscard]] Result<Step> propose(const config::Value& document, std::string prefix,
                                     ApplyMode mode, const std::stop_token& stop,
                                     config::Faults& faults) const;
  // controller_backup.cc: one object for each of `saved`. Error: one of them that ran cannot be
  // built.
  [[nodiscard]] Result<std::vector<std::shared_ptr<const Object>>> build_saved(
      const std::vector<SavedObject>& saved, const std::stop_token& stop);
  // controller_reload.cc
  [[nodiscard]] std::vector<Reloaded> reload(const std::string& pipeline);
  [[nodiscard]] std::vector<Reloaded> build_anew(const std::string& name,
                                                 const std::shared_ptr<const Object>& object,
                                                 const std::stop_token& stop);

  const Logger logger;
  store::Store& store;
  server::Workers& workers;
  pipeline::StateRegistry states;  // of the objects in force
  const ObjectBuilder builder;
  StoredObjects stored;
  Publisher publisher;
  Claims claims;
  Changes changes;
  Crew crew{kBuildsAtOnceMax};
  Loader loader;
  Housekeeper housekeeper;
};

}  // namespace sluice::control
