// SPDX-License-Identifier: Apache-2.0
// Controller: the desired objects, the running generation, and the way from one to the other.
//
// A change is decoded and validated, built into a complete immutable Snapshot, stored, and
// published to the workers; anything that fails on the way leaves what runs untouched. Calls may
// come from any thread but a worker's; those of one object take turns, and wait for no other.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/log.h"
#include "base/result.h"
#include "config/value.h"
#include "control/change.h"
#include "control/object_kind.h"
#include "control/ports.h"
#include "pipeline/prototype.h"
#include "store/store.h"

namespace sluice::server {
class Workers;
}

namespace sluice::control {

struct ControllerState;

class Controller {
 public:
  struct Options {
    unsigned core_count;
    std::string member_name;  // --name
  };
  Controller(Options options, Logger logger, store::Store& store, server::Workers& workers,
             pipeline::FilterKinds filter_kinds);
  // With other kinds of objects than all_kinds().
  Controller(Options options, Logger logger, store::Store& store, server::Workers& workers,
             pipeline::FilterKinds filter_kinds, ObjectKinds object_kinds);
  ~Controller();

  // Loads the stored objects and publishes them, each as soon as it is built. An object that cannot
  // be built any more is reported in its status and retried; one that takes longer than a few
  // seconds is waited for no more: the others run. `inherited`: sockets of a process before this
  // one, used where an object wants their port. `known`: its knowledge(); null: nothing.
  [[nodiscard]] Result<void> start(std::vector<InheritedPort> inherited = {},
                                   const config::Value& known = {});
  // No more changes: calls of apply() and the like fail with `unavailable`, those at work soon.
  void end_changes();
  // The cores still accept: Workers::stop_accepting() is next. After end_changes().
  void close_ports();
  // Ends all work of its own threads. After end_changes().
  void stop();

  // The open ports, for the process after this one; before hand_over().
  [[nodiscard]] std::vector<Ports::Open> ports() const;
  // The process after this one serves: nobody is to queue at the ports here any more, and no
  // backend is checked from here. Requests in flight go on.
  void let_go();
  // What has been learnt of backends, and the keys of TLS tickets, for the process after this one:
  // {name of an object: …}. Only for its memory.
  [[nodiscard]] Json knowledge() const;
  // The objects that run, for rehearse() in the process after this one.
  [[nodiscard]] Json rehearsal() const;
  // After stop(), the end of all changes: every server stops accepting and gives its requests to a
  // filter of `successor`, the kind of a hot restart. Waits, at most `patience`, until nothing of
  // this process uses shared data any more; false if something still may.
  [[nodiscard]] bool hand_over(const pipeline::FilterKinds& successor, Duration patience);

  // All documents or none. Errors: `invalid` with one detail per fault, its path first (of several
  // documents: `document 2, rules[0].paths[0].backend: …`).
  [[nodiscard]] Result<std::vector<Applied>> apply(const std::vector<config::Value>& documents,
                                                   ApplyMode mode);
  [[nodiscard]] Result<void> remove(std::string_view name);
  [[nodiscard]] Result<std::size_t> remove_all();

  // Completed specs, createdAt included.
  [[nodiscard]] std::vector<Json> list() const;
  [[nodiscard]] Result<Json> get(std::string_view name) const;
  // `spec`, an object's, with its secrets replaced by config::kRedacted. apply() takes that word
  // for the secret that is stored.
  [[nodiscard]] Json without_secrets(Json spec) const;
  // Status as of easegress-behaviour section 1.8; `state`, `error`, counters.
  [[nodiscard]] Result<Json> status(std::string_view name) const;

  [[nodiscard]] Result<std::vector<Reloaded>> reload_code();
  // "pipeline/filter" if that pipeline has a filter with shared data of that name, else
  // `not_found`.
  [[nodiscard]] Result<std::string> data_namespace(std::string_view pipeline,
                                                   std::string_view filter) const;

  // As data_namespace(), or of data whose pipeline or filter is gone: what is there can be read and
  // deleted.
  [[nodiscard]] Result<std::string> stored_namespace(std::string_view pipeline,
                                                     std::string_view filter) const;

  [[nodiscard]] const ObjectKinds& object_kinds() const;
  // The spec of a new object of that kind with all defaults.
  [[nodiscard]] Result<Json> default_spec(std::string_view kind, std::string_view name) const;
  [[nodiscard]] Result<Json> object_schema(std::string_view kind) const;
  [[nodiscard]] const pipeline::FilterKinds& filter_kinds() const;

  // +1 per change of an object; survives restarts.
  [[nodiscard]] std::uint64_t config_version() const;
  [[nodiscard]] store::Store& store();
  // "" if the process can do its work, else what is wrong, one line per cause. An object that does
  // not run (a taken port, code that is gone) says so in its own status: it does not make the
  // process sick.
  [[nodiscard]] std::string health() const;
  // What an operator should know of objects, one line each: those that do not run or not where they
  // should, and those whose code is not what its file holds. Reads files.
  [[nodiscard]] std::vector<std::string> troubles() const;

 private:
  std::unique_ptr<ControllerState> state_;
};

}  // namespace sluice::control
