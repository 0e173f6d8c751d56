// SPDX-License-Identifier: Apache-2.0
// Changes: applies one change at a time. Each change is checked against all objects, stored, and
// published.
// Invariant: the stored objects are the objects in force, as far as this process has seen them. On
// a shared store, other members change them, too: follow().
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/time.h"
#include "control/announcement.h"
#include "control/change.h"
#include "control/change_retries.h"
#include "control/object.h"
#include "control/proposed.h"
#include "control/publisher.h"
#include "control/status_notes.h"
#include "control/stored_objects.h"

namespace sluice::control {

// An object in force, and the one that takes its place.
using ObjectUpdate = std::pair<std::shared_ptr<const Object>, std::shared_ptr<const Object>>;

// What a commit does beside its documents.
struct CommitTerms {
  ChangeOrigin origin{};
  std::vector<std::string> removed{};         // names; those that are not there are left out
  std::optional<std::uint64_t> only_after{};  // the version of the objects that it changes
};

// Any thread but a worker's. Blocks for other changes and the disk, but not for builds.
class Changes {
 public:
  // Requires: all outlive this.
  Changes(StoredObjects& stored, Publisher& publisher, StatusNotes& notes, Logger logger)
      : stored_(stored), publisher_(publisher), notes_(notes), logger_(std::move(logger)) {}

  // For the start: loads the stored objects and publishes them as being built.
  [[nodiscard]] Result<void> load(std::vector<InheritedPort> inherited);
  // Ends the start: opens all ports, and closes inherited sockets that no server uses.
  void open_ports();

  // Commits all objects or none. Errors: `invalid` for a port of another object, `unavailable`
  // after end(), and those of the store. `conflict`: another member has changed one of the objects
  // since `before`, or the objects are of another version than CommitTerms::only_after. The objects
  // in force have that change by then: build again.
  [[nodiscard]] Result<void> commit(const std::vector<Proposed>& proposed,
                                    const CommitTerms& terms);
  // The errors of a commit that come before the store, without the change.
  [[nodiscard]] Result<void> check(const std::vector<Proposed>& proposed,
                                   const std::vector<std::string>& removed = {});
  // Error: `not_found`.
  [[nodiscard]] Result<void> remove(const std::string& name, const ChangeOrigin& origin);
  // Removes the existing objects among `names`. Returns them.
  [[nodiscard]] Result<ObjectList> remove_all(const std::vector<std::string>& names,
                                              const ChangeOrigin& origin);
  // The objects in force, and their version.
  struct InForce {
    Objects objects;
    std::uint64_t version = 0;
  };
  [[nodiscard]] InForce in_force();
  // Replaces `object` by `built` if `object` is still the current one of its name. Replacements
  // that are ready at the same time are published together. The spec is the same, so this is not a
  // change by the user.
  void replace(std::shared_ptr<const Object> object, std::shared_ptr<const Object> built);
  // Tries failed ports again.
  void retry_ports();
  // Puts `data` in force on every core. `before_start`: with the first publication.
  void publish_custom_data(std::shared_ptr<const pipeline::CustomDataSnapshot> data,
                           bool before_start = false);
  // Puts what `renew` makes of the parts of the process itself in force. Errors: those of `renew`,
  // and `unavailable` after end().
  [[nodiscard]] Result<void> renew_internal(
      const std::function<Result<ObjectList>(const ObjectList& internal)>& renew);
  // For a shared store: takes over the changes of other members. Their objects are behind until
  // they are built. Errors: those of the store.
  [[nodiscard]] Result<void> follow();

  // changes_swap.cc. A reload of all members:

  // Ends the announcement, if there is one, and saves and publishes the updates. Leaves out the
  // objects that have changed meanwhile. Returns the version of the pins of each object that was
  // swapped.
  [[nodiscard]] Result<std::map<std::string, store::Version>> swap(
      std::vector<ObjectUpdate> updates, const Announcement* announcement);
  // From now on, candidates are of that announcement; "": of none. Drops those there are.
  void expect_candidates(const std::string& announcement);
  // An object that follow() puts in force if its spec and its pins come to be the stored ones.
  void offer_candidate(const std::string& announcement, std::shared_ptr<const Object> built);

  // Refuses all later changes, and ends the retries of those in progress.
  void end();
  // controller_hand_over.cc: see the functions of Controller.
  [[nodiscard]] std::vector<Ports::Open> ports();
  void close_ports();
  [[nodiscard]] bool hand_over(const pipeline::FilterKinds& successor, server::Workers& workers,
                               Duration patience);

  // The error of every call after end().
  [[nodiscard]] static std::unexpected<Error> stopping();

 private:
  void publish(Objects next) SLUICE_REQUIRES(mutex_);
  [[nodiscard]] Result<void> follow_locked() SLUICE_REQUIRES(mutex_);
  // After a refused change: follows the change that came first. Returns true if the refused one can
  // be tried again as it is.
  [[nodiscard]] bool may_try_again(const store::DocumentFailure& failure) SLUICE_REQUIRES(mutex_);
  // The same, and waits for its turn; other changes of this member may come between.
  [[nodiscard]] Result<void> await_retry(const store::DocumentFailure& failure,
                                         ChangeRetries& retries) SLUICE_REQUIRES(mutex_);
  [[nodiscard]] Result<void> remove_locked(const std::vector<std::string>& names,
                                           const ChangeOrigin& origin) SLUICE_REQUIRES(mutex_);
  [[nodiscard]] Result<void> check_version(const CommitTerms& terms) const SLUICE_REQUIRES(mutex_);
  // Puts candidates in the place of objects that are behind.
  void adopt_candidates(Objects& next) SLUICE_REQUIRES(mutex_);
  // Drops the updates of objects that are no longer in force.
  void drop_stale(std::vector<ObjectUpdate>& updates) const SLUICE_REQUIRES(mutex_);
  // Saves the pins of the updates that change them. Drops those of which another member has changed
  // the pins meanwhile.
  void save_pins(std::vector<ObjectUpdate>& updates) SLUICE_REQUIRES(mutex_);

  StoredObjects& stored_;
  Publisher& publisher_;
  StatusNotes& notes_;
  const Logger logger_;
  Mutex mutex_;  // one change at a time: guards stored_ and the objects in force
  bool ending_ SLUICE_GUARDED_BY(mutex_) = false;
  Condition ended_;
  std::string candidates_of_ SLUICE_GUARDED_BY(mutex_);  // id of an announcement
  Objects candidates_ SLUICE_GUARDED_BY(mutex_);
  Mutex ready_mutex_;
  std::vector<ObjectUpdate> ready_ SLUICE_GUARDED_BY(ready_mutex_);
};

}  // namespace sluice::control
