// SPDX-License-Identifier: Apache-2.0
// Changes: one at a time, each is checked against all objects, stored, and published. What is
// stored runs, and what runs is stored.
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

// One document of a change that was asked for, built.
struct Proposed {
  std::shared_ptr<const Object> object;
  bool changes;        // false: the same runs already, and goes on
  std::string prefix;  // of its faults: "document 2, "
};

// Any thread but a worker's. Blocks for other changes and the disk, not for builds.
class Changes {
 public:
  // Both outlive this.
  Changes(StoredObjects& stored, Publisher& publisher, Logger logger)
      : stored_(stored), publisher_(publisher), logger_(std::move(logger)) {}

  // The start: loads the stored objects and publishes them as being built.
  [[nodiscard]] Result<void> load(std::vector<InheritedPort> inherited);
  // The end of the start: all ports open, sockets that nobody has asked for are closed.
  void open_ports();

  // All or nothing. Errors: `invalid` for a port that another object has, `unavailable` after
  // end(), and those of the store.
  [[nodiscard]] Result<void> commit(const std::vector<Proposed>& proposed);
  // Error: `not_found`.
  [[nodiscard]] Result<void> remove(const std::string& name);
  // Those of `names` that are there; how many they were.
  [[nodiscard]] Result<std::size_t> remove_all(std::vector<std::string> names);
  // Puts `built` in place of `object` if that still is what runs under its name; together with
  // others that are ready at the same moment. The spec is the same: not a change of the user's.
  void replace(std::shared_ptr<const Object> object, std::shared_ptr<const Object> built);
  // Tries the ports again that could not be had.
  void retry_ports();

  // Nothing changes any more.
  void end();
  // hand_over.cc: see the functions of Controller.
  [[nodiscard]] std::vector<Ports::Open> ports();
  void close_ports();
  [[nodiscard]] bool hand_over(const pipeline::FilterKinds& successor, server::Workers& workers,
                               Duration patience);

  // The error of everything that is asked for after end().
  [[nodiscard]] static std::unexpected<Error> stopping();

 private:
  using Replacement = std::pair<std::shared_ptr<const Object>, std::shared_ptr<const Object>>;

  StoredObjects& stored_;
  Publisher& publisher_;
  const Logger logger_;
  Mutex mutex_;  // one change at a time: of stored_, and of what publisher_ has in force
  bool ending_ SLUICE_GUARDED_BY(mutex_) = false;
  Mutex ready_mutex_;
  std::vector<Replacement> ready_ SLUICE_GUARDED_BY(ready_mutex_);
};

}  // namespace sluice::control
