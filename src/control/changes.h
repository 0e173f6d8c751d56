// SPDX-License-Identifier: Apache-2.0
// Changes: applies one change at a time. Each change is checked against all objects, stored, and
// published.
// Invariant: the stored objects are the objects in force.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/time.h"
#include "control/object.h"
#include "control/publisher.h"
#include "control/stored_objects.h"

namespace sluice::control {

// One document of a requested change, built.
struct Proposed {
  std::shared_ptr<const Object> object;
  bool changes;        // false: an equal object runs already, and continues
  std::string prefix;  // of its faults: "document 2, "
};

// Any thread but a worker's. Blocks for other changes and the disk, but not for builds.
class Changes {
 public:
  // Requires: both outlive this.
  Changes(StoredObjects& stored, Publisher& publisher, Logger logger)
      : stored_(stored), publisher_(publisher), logger_(std::move(logger)) {}

  // For the start: loads the stored objects and publishes them as being built.
  [[nodiscard]] Result<void> load(std::vector<InheritedPort> inherited);
  // Ends the start: opens all ports, and closes inherited sockets that no server uses.
  void open_ports();

  // Commits all objects or none. Errors: `invalid` for a port of another object, `unavailable`
  // after end(), and those of the store.
  [[nodiscard]] Result<void> commit(const std::vector<Proposed>& proposed);
  // Error: `not_found`.
  [[nodiscard]] Result<void> remove(const std::string& name);
  // Removes the existing objects among `names`. Returns their number.
  [[nodiscard]] Result<std::size_t> remove_all(std::vector<std::string> names);
  // Replaces `object` by `built` if `object` is still the current one of its name. Replacements
  // that are ready at the same time are published together. The spec is the same, so this is not a
  // change by the user.
  void replace(std::shared_ptr<const Object> object, std::shared_ptr<const Object> built);
  // Tries failed ports again.
  void retry_ports();

  // Refuses all later changes.
  void end();
  // controller_hand_over.cc: see the functions of Controller.
  [[nodiscard]] std::vector<Ports::Open> ports();
  void close_ports();
  [[nodiscard]] bool hand_over(const pipeline::FilterKinds& successor, server::Workers& workers,
                               Duration patience);

  // The error of every call after end().
  [[nodiscard]] static std::unexpected<Error> stopping();

 private:
  using ObjectUpdate = std::pair<std::shared_ptr<const Object>, std::shared_ptr<const Object>>;

  StoredObjects& stored_;
  Publisher& publisher_;
  const Logger logger_;
  Mutex mutex_;  // one change at a time: guards stored_ and the objects in force
  bool ending_ SLUICE_GUARDED_BY(mutex_) = false;
  Mutex ready_mutex_;
  std::vector<ObjectUpdate> ready_ SLUICE_GUARDED_BY(ready_mutex_);
};

}  // namespace sluice::control
