// SPDX-License-Identifier: Apache-2.0
// Controller: the desired objects, the running generation, and the changes from one to the next.
//
// A change is decoded, validated, built into a complete immutable Snapshot, stored, and published
// to the workers. A failure at any step leaves the running objects untouched. Calls may come from
// any thread but a worker's. Calls for the same object take turns; calls for different objects do
// not wait for each other.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/log.h"
#include "base/result.h"
#include "config/value.h"
#include "control/change.h"
#include "control/cluster_port.h"
#include "control/object_kind.h"
#include "control/object_versions.h"
#include "control/ports.h"
#include "control/saved_objects.h"
#include "net/tls/certificate_end.h"
#include "net/tls/key_pair.h"
#include "pipeline/prototype.h"
#include "store/store.h"

namespace sluice::server {
class Workers;
}

namespace sluice::control {

class CustomData;
struct ControllerState;
class ReloadCounts;
struct Step;

// The change that an apply would make to one object. The specs hide secrets and have no createdAt.
struct Preview {
  Applied applied;
  Json before;  // the spec of the object in force; null: there is none
  Json spec;    // the spec of the document
};

class Controller {
 public:
  struct Options {
    unsigned core_count;
    std::string member_name;     // --name
    std::string bind_address{};  // --bind-address
    std::optional<ClusterPort> cluster_port{};
  };
  Controller(Options options, Logger logger, store::Store& store, server::Workers& workers,
             pipeline::FilterKinds filter_kinds);
  // Uses `object_kinds` instead of all_kinds().
  Controller(Options options, Logger logger, store::Store& store, server::Workers& workers,
             pipeline::FilterKinds filter_kinds, ObjectKinds object_kinds);
  ~Controller();

  // Loads the stored objects and publishes each as soon as it is built. An object whose build fails
  // is reported in its status and retried. After a few seconds, the start no longer waits for slow
  // builds: the other objects run. `inherited`: sockets of the predecessor process, used where an
  // object wants their port. `known`: its knowledge(); null: nothing. Error `invalid` for a cluster
  // port that cannot work.
  [[nodiscard]] Result<void> start(std::vector<InheritedPort> inherited = {},
                                   const config::Value& known = {});
  // The start of a successor process. `ran`: rehearsal() of the predecessor, or null: all objects.
  // Waits until these are built, at most 4 min, or until `given_up`. The other objects run
  // as soon as they are built.
  struct TakenOver {
    Json ran;
    std::function<bool()> given_up;
  };
  [[nodiscard]] Result<void> start(std::vector<InheritedPort> inherited, const config::Value& known,
                                   const std::optional<TakenOver>& taken_over);
  // Refuses later changes: apply() and the like fail with `unavailable`, and changes in progress
  // fail soon.
  void end_changes();
  // Requires: end_changes(). The cores still accept: Workers::stop_accepting() comes next.
  void close_ports();
  // Requires: end_changes(). Ends the work of the controller's own threads.
  void stop();

  // The open ports, for the successor process. Requires: hand_over() has not been called.
  [[nodiscard]] std::vector<Ports::Open> ports() const;
  // Call once the successor process serves. Closes the ports here, so that no connection queues at
  // them, and ends the health checks of backends. Requests in flight continue.
  void let_go();
  // The learnt state of backends, and the keys of TLS tickets, for the successor process: {name of
  // an object: …}. Keep it in memory only.
  [[nodiscard]] Json knowledge() const;
  // The running objects, for rehearse() in the successor process.
  [[nodiscard]] Json rehearsal() const;
  // Requires: stop(). Makes every server stop accepting and pass its requests to a filter of
  // `successor`, the kind of a hot restart. Waits, at most `patience`, until nothing in this
  // process uses shared data any more. Returns false if something still may.
  [[nodiscard]] bool hand_over(const pipeline::FilterKinds& successor, Duration patience);

  // Applies all documents or none. Errors: `invalid` with one detail per fault, its path first (of
  // several documents: `document 2, rules[0].paths[0].backend: …`).
  // `author`: for the versions of the objects, and the history of code.
  [[nodiscard]] Result<std::vector<Applied>> apply(const std::vector<config::Value>& documents,
                                                   ApplyMode mode, const Author& author = {});
  // Checks the documents as apply() does and returns the changes, but makes none. Errors and
  // warnings are those of apply(), but only apply() finds a port that another process holds.
  // `new_kinds`: of custom data, which are to come with the documents.
  [[nodiscard]] Result<std::vector<Preview>> preview(const std::vector<config::Value>& documents,
                                                     ApplyMode mode,
                                                     const std::set<std::string>& new_kinds = {});
  // Returns the objects that still name it.
  [[nodiscard]] Result<std::vector<User>> remove(std::string_view name, const Author& author = {});
  [[nodiscard]] Result<std::size_t> remove_all(const Author& author = {});

  // controller_versions.cc: the versions of the objects (control/object_versions.h).
  struct History {
    std::uint64_t version = 0;  // of the objects in force
    std::uint64_t oldest = 0;   // that objects_at() knows
    ObjectVersions versions{};  // without specs
  };
  // Errors of the store.
  [[nodiscard]] Result<History> history() const;
  // The specs of all objects as they were, by name, secrets included. Error `not_found`.
  [[nodiscard]] Result<std::vector<Json>> objects_at(std::uint64_t version) const;
  // Brings the objects back as they were, as one change: all or none. Code is that of their
  // sources.
  struct UndoOrder {
    std::uint64_t to = 0;
    std::optional<std::uint64_t> from{};  // error `conflict` if the objects are of another version
    bool dry_run = false;
  };
  // A deleted object has no `spec`. Errors: those of apply() and objects_at(); `invalid` for the
  // version of now.
  [[nodiscard]] Result<std::vector<Preview>> undo(const UndoOrder& order, const Author& author);

  // Completed specs, createdAt included.
  [[nodiscard]] std::vector<Json> list() const;
  [[nodiscard]] Result<Json> get(std::string_view name) const;
  // Replaces the secrets in `spec`, the spec of an object, by config::kRedacted. apply() takes that
  // word for the stored secret.
  [[nodiscard]] Json without_secrets(Json spec) const;
  // The status of easegress-behaviour section 1.8, with `state`, `error` and counters.
  [[nodiscard]] Result<Json> status(std::string_view name) const;
  // On a shared store: the states of all objects on the other members, by object and member:
  // {name, kind, state, error, version, code}. The state of a member that has not noted one is
  // "unknown". Errors: those of the store.
  using MemberStates = std::map<std::string, std::map<std::string, Json>, std::less<>>;
  [[nodiscard]] Result<MemberStates> states_elsewhere() const;
  // On a shared store: what the other members note of an object that this one does not have, as one
  // of them does that has not followed its deletion yet. Errors: those of the store.
  [[nodiscard]] Result<std::map<std::string, Json>> remains_elsewhere(
      const std::string& name) const;

  // controller_backup.cc. The objects of one moment, secrets included. A change of an object is in
  // it as a whole, or not at all.
  [[nodiscard]] SavedState save() const;
  // Errors: those of CodeKeeper::load(); `invalid` for a kind without code.
  [[nodiscard]] Result<std::string> load_code(const SavedCode& code) const;
  // Keeps the code durably, and spares it while the Hold lives.
  [[nodiscard]] Result<pipeline::CodeKeeper::Hold> keep_code(const SavedCode& code,
                                                             std::string_view bytes);
  // Builds all objects with the code of their pins, which is kept already. Then deletes the objects
  // that are there, creates the objects that do not listen, calls restore_data(), and creates those
  // that listen. Errors before the first line in `done` have changed nothing: `invalid` with one
  // detail per fault, `conflict` for objects that are there.
  [[nodiscard]] Result<std::vector<RestoredObject>> restore(const Restoration& order);

  // Reads the code of all filters again. On a shared store, all members swap, or none, pipeline by
  // pipeline. `force`: the members swap that can run the new code. Error `conflict`: another member
  // reloads code.
  [[nodiscard]] Result<std::vector<Reloaded>> reload_code(bool force = false,
                                                          const std::string& by = {});
  // The same for one filter. Errors: as above, and those of check_has_code().
  [[nodiscard]] Result<std::vector<Reloaded>> reload_code_of(const std::string& pipeline,
                                                             const std::string& filter, bool force,
                                                             const std::string& by);
  // `not_found`, if that pipeline runs no filter of that name with code (FilterKind::has_code).
  // Whatever is about code asks for this, and never for shared data, which few of them have.
  [[nodiscard]] Result<void> check_has_code(std::string_view pipeline,
                                            std::string_view filter) const;
  // The same for one filter, with `code` in place of what its spec names. Errors: as above, and
  // those of check_has_code().
  static constexpr std::size_t kCodeBytesMax = std::size_t{64} << 20;
  [[nodiscard]] Result<std::vector<Reloaded>> upload_code(const std::string& pipeline,
                                                          const std::string& filter,
                                                          const std::string& code,
                                                          bool force = false,
                                                          const std::string& by = {});
  // The same with code that the filter has run before: `to`, the beginning of its hash; "": the
  // newest that was not rolled back. `from`: the beginning of the hash of the code that is to end;
  // "": any. Errors: as above, those of rollback_target(), and `conflict` if another one runs.
  struct RolledBack {
    std::vector<Reloaded> reloaded;
    std::string from;  // the hash of the code that ran
  };
  [[nodiscard]] Result<RolledBack> roll_back_code(const std::string& pipeline,
                                                  const std::string& filter, const std::string& to,
                                                  const std::string& from, bool force = false,
                                                  const std::string& by = {});
  // The codes that a filter has run, the newest first: control/code_history.h. Error `not_found`.
  [[nodiscard]] Result<Json> code_history(const std::string& pipeline,
                                          const std::string& filter) const;
  // The bytes of one of them. `hash`: its beginning. Errors: those of find_code(), of the data
  // directory and of the store.
  [[nodiscard]] Result<std::string> load_code_of(const std::string& pipeline,
                                                 const std::string& filter,
                                                 const std::string& hash) const;
  // Returns "pipeline/filter" if that pipeline runs a filter of that name with shared data, else
  // `not_found`.
  [[nodiscard]] Result<std::string> data_namespace(std::string_view pipeline,
                                                   std::string_view filter) const;

  // True if there is a pipeline of that name with a filter of that name, whether it runs or not.
  [[nodiscard]] bool has_filter(std::string_view pipeline, std::string_view filter) const;

  // Like data_namespace(), but accepts data whose pipeline or filter is gone, which can be read and
  // deleted.
  [[nodiscard]] Result<std::string> stored_namespace(std::string_view pipeline,
                                                     std::string_view filter) const;

  // Lives as long as this.
  [[nodiscard]] CustomData& custom_data();

  [[nodiscard]] const ObjectKinds& object_kinds() const;
  // The spec of a new object of that kind, with all defaults.
  [[nodiscard]] Result<Json> default_spec(std::string_view kind, std::string_view name) const;
  [[nodiscard]] Result<Json> object_schema(std::string_view kind) const;
  [[nodiscard]] const pipeline::FilterKinds& filter_kinds() const;

  // Increments with each change of an object; survives restarts.
  [[nodiscard]] std::uint64_t config_version() const;
  [[nodiscard]] store::Store& store();
  // "" if the process can do its work, else one line per cause. An object that does not run (a
  // taken port, missing code) reports this in its own status; it does not make the process
  // unhealthy.
  [[nodiscard]] std::string health() const;
  // The certificates of the process, from files; the places are options with their files.
  void set_own_certificates(net::CertificateEnds own);
  // Those, and the ones of all objects: first the one that ends first.
  [[nodiscard]] net::CertificateEnds certificates() const;
  // New connections of other members meet `pair` and `authorities` (PEM). Those there are go on, or
  // end after their exchanges if the authorities are others. Error `invalid`: they cannot work, and
  // nothing has changed. Requires: there is a cluster port with TLS.
  [[nodiscard]] Result<void> renew_cluster_port(const net::KeyPair& pair,
                                                const std::string& authorities);
  // Of this process, by its users. The controller counts those of objects and code.
  [[nodiscard]] ReloadCounts& reloads();
  // The objects that the start still has to create: a line for each cause, for troubles().
  // `first`: no object was stored, so the process is not ready while there is one. Else it serves
  // what is stored.
  void note_initial_objects(std::vector<std::string> missing, bool first);
  // True while a first start has some to create.
  [[nodiscard]] bool lacks_initial_objects() const;
  // False while an object is being built that does not run yet.
  [[nodiscard]] bool is_built() const;
  // The figures of all objects and of the process, for Prometheus. Reads files.
  void expose(observe::Exposition& out) const;
  // Notes for the operator, one line each: certificates that have expired, objects that do not run
  // or do not listen as configured, and filters whose running code differs from its file. Reads
  // files.
  [[nodiscard]] std::vector<std::string> troubles() const;

 private:
  void wait_for_builds(const TakenOver& taken_over);
  // controller_versions.cc
  [[nodiscard]] std::vector<Preview> outcomes_of(std::vector<Step>& steps,
                                                 const ObjectList& removed, const UndoOrder& order);

  std::unique_ptr<ControllerState> state_;
};

}  // namespace sluice::control
