// SPDX-License-Identifier: Apache-2.0
// The internals of Controller.
//
// A change of an object claims its name (Claims: other changes of the same object wait), builds the
// object outside every lock (ObjectBuilder), then checks it against the others, stores and
// publishes it (Changes). So an object that takes long delays only its own changes.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "base/published.h"
#include "control/builder.h"
#include "control/certificates.h"
#include "control/change.h"
#include "control/changes.h"
#include "control/claims.h"
#include "control/cluster_port.h"
#include "control/code_judge.h"
#include "control/crew.h"
#include "control/custom_data.h"
#include "control/follower.h"
#include "control/housekeeper.h"
#include "control/loader.h"
#include "control/proposed.h"
#include "control/publisher.h"
#include "control/reload_counts.h"
#include "control/saved_objects.h"
#include "control/status_notes.h"
#include "control/stored_objects.h"
#include "control/swap.h"
#include "control/trials.h"
#include "observe/process_figures.h"
#include "pipeline/state_registry.h"

namespace sluice::control {

// The limit of concurrent builds. It is high because builds mostly wait.
inline constexpr std::size_t kBuildsAtOnceMax = 64;

struct ControllerState {
  ControllerState(unsigned core_count, std::string its_member, Logger its_logger,
                  store::Store& its_store, server::Workers& its_workers,
                  pipeline::FilterKinds filters, ObjectKinds kinds, std::string bind_address)
      : member(std::move(its_member)),
        logger(std::move(its_logger)),
        store(its_store),
        workers(its_workers),
        builder(std::move(kinds), std::move(filters), core_count, &states, std::move(bind_address)),
        stored(store),
        publisher(core_count, logger, workers, states),
        status_notes(store, publisher),
        changes(stored, publisher, status_notes, logger),
        custom_data(store, changes, logger),
        loader(builder, claims, publisher, changes, crew, logger),
        certificates(publisher, logger),
        housekeeper(store, builder, publisher, changes, loader, certificates, logger),
        trials(store, builder, claims, publisher, changes, stored, crew, member, logger),
        follower(stored, changes, custom_data, loader, trials, logger),
        code_judge(
            publisher,
            [this](const std::shared_ptr<const Object>& object, const std::string& filter,
                   const std::string& why) { return take_back(object, filter, why); },
            [this](const std::shared_ptr<const Object>& object) { return note_trials(object); },
            logger) {}

  // controller_apply.cc
  [[nodiscard]] Result<std::vector<Applied>> apply(const std::vector<config::Value>& documents,
                                                   ApplyMode mode, const Author& author);
  // As propose(), on the objects in force. `new_kinds`: of custom data, which come with them.
  // Requires: a claim on the objects.
  [[nodiscard]] Result<std::vector<Step>> propose_all(
      const std::vector<config::Value>& documents, ApplyMode mode, const std::stop_token& stop,
      const std::set<std::string>& new_kinds = {}) const;
  [[nodiscard]] Result<std::vector<Step>> propose_and_commit(
      const std::vector<config::Value>& documents, ApplyMode mode, const Author& author,
      const std::stop_token& stop);
  // The outcomes of committed steps, with the warnings of what runs. Writes them to the log.
  [[nodiscard]] std::vector<Applied> outcomes(std::vector<Step>& steps);
  void renew_warnings(const std::vector<Step>& steps);
  // controller_backup.cc: one object for each of `saved`. Error: one of them that ran cannot be
  // built.
  [[nodiscard]] Result<std::vector<std::shared_ptr<const Object>>> build_saved(
      const std::vector<SavedObject>& saved, const std::stop_token& stop);
  // controller_reload.cc
  struct CodeRequest {
    std::string filter{};               // the one filter; "": all
    const std::string* code = nullptr;  // its new code; null: what the spec names
    // Of a rollback, in place of both: the hashes of the code to run, and of that which is to end.
    std::string to{};
    std::string from{};
    bool force = false;
    CodeChange change{};
  };
  [[nodiscard]] Result<std::vector<Reloaded>> reload_all(const std::vector<std::string>& names,
                                                         const CodeRequest& request);
  [[nodiscard]] Result<std::vector<Reloaded>> reload_and_count(
      const std::vector<std::string>& names, const CodeRequest& request);
  // Builds the pipeline with the new code. On a store of this process, puts it in force.
  [[nodiscard]] FreshCode reload(const std::string& pipeline, const CodeRequest& request);
  [[nodiscard]] FreshCode build_fresh(const std::string& pipeline, const CodeRequest& request,
                                      const std::stop_token& stop);
  [[nodiscard]] FreshCode build_rolled_back(const std::shared_ptr<const Object>& object,
                                            const CodeRequest& request,
                                            const std::stop_token& stop) const;
  // For CodeJudge::TakeBack.
  [[nodiscard]] Result<bool> take_back(const std::shared_ptr<const Object>& object,
                                       const std::string& filter, const std::string& why);
  // For CodeJudge::NoteTrials.
  [[nodiscard]] Result<bool> note_trials(const std::shared_ptr<const Object>& object);
  // The bytes of code that a filter has run. `hash`: the whole.
  [[nodiscard]] Result<std::string> load_code(const std::string& hash) const;
  [[nodiscard]] FreshCode build_anew(const std::shared_ptr<const Object>& object,
                                     const CodeRequest& request, const std::stop_token& stop) const;

  const std::string member;  // the name of this one
  const Logger logger;
  store::Store& store;
  server::Workers& workers;
  pipeline::StateRegistry states;  // of the objects in force
  ReloadCounts reloads;
  struct MissingObjects {
    std::vector<std::string> lines;  // one for each cause
    bool first;                      // of a first start
  };
  Published<MissingObjects> initial_objects_missing;
  const ObjectBuilder builder;
  StoredObjects stored;
  Publisher publisher;
  Claims claims;
  StatusNotes status_notes;
  Changes changes;
  CustomData custom_data;
  Crew crew{kBuildsAtOnceMax};
  Loader loader;
  Certificates certificates;
  Housekeeper housekeeper;
  std::optional<ClusterPort> cluster_port{};
  Trials trials;
  Follower follower;
  const observe::ProcessFigures process_figures;
  CodeJudge code_judge;
};

}  // namespace sluice::control
