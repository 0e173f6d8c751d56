// SPDX-License-Identifier: Apache-2.0
// CustomData: the custom data of the store, the changes of it, and its way to the cores.
//   custom-kinds/<kind>       CustomKind::spec
//   custom-data/<kind>/<id>   an item
//   custom-meta/number        the number of changes so far
//
// Every change puts the number, and expects the version of it that this member has seen. So changes
// come one after another on all members, each on the state of the last. A change that comes second
// follows the first and is made again.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/mutex.h"
#include "base/published.h"
#include "base/result.h"
#include "base/time.h"
#include "control/change_retries.h"
#include "control/changes.h"
#include "control/custom_edit.h"
#include "control/custom_state.h"
#include "store/store.h"

namespace sluice::control {

class CustomData {
 public:
  // Requires: both outlive this.
  CustomData(store::Store& store, Changes& changes, Logger logger)
      : store_(store), changes_(changes), logger_(std::move(logger)) {}

  // Any thread but a worker's; they block, but for state().

  // For the start, before the first publication.
  [[nodiscard]] Result<void> load();
  // Takes over the changes of other members.
  [[nodiscard]] Result<void> follow();
  // Refuses all later changes, and ends the retries of those in progress.
  void end();

  // As this member has it.
  [[nodiscard]] std::shared_ptr<const CustomState> state() const { return state_.load(); }

  struct Done {
    std::size_t put = 0;  // items created or changed
    std::size_t deleted = 0;
    store::Version version = 0;  // of the last change of custom data
  };
  // Durable, and in force on this member, on return. One atomic change: error `too_large` if it is
  // more than that. Errors: those of `edit`, of check_bounds(), of the store.
  [[nodiscard]] Result<Done> change(const CustomEdit& edit);
  // As many changes as it takes. After an error, some of them may be made.
  [[nodiscard]] Result<Done> change_in_steps(const CustomEdit& edit);

  // Waits, for kFollowPatience at most, until all members have the change of that version in force.
  // Returns a line for each that has not, and for what cannot be known.
  static constexpr Duration kFollowPatience = std::chrono::seconds(5);
  [[nodiscard]] std::vector<std::string> await_members(store::Version version);

 private:
  [[nodiscard]] Result<Done> commit(const CustomEdit& edit, bool in_steps);
  // Saves one change and puts it in force. False: another member was first, and is followed.
  [[nodiscard]] Result<bool> save(std::span<const store::DocumentChange> step)
      SLUICE_REQUIRES(mutex_);
  // Waits for the next try; other changes of this member may come between. Error: there is none.
  [[nodiscard]] Result<void> await_retry(ChangeRetries& retries) SLUICE_REQUIRES(mutex_);
  [[nodiscard]] Result<void> read() SLUICE_REQUIRES(mutex_);
  [[nodiscard]] Result<bool> follow_locked() SLUICE_REQUIRES(mutex_);
  void take(std::span<const store::DocumentChange> changes, store::Version version)
      SLUICE_REQUIRES(mutex_);
  void publish(bool before_start = false) SLUICE_REQUIRES(mutex_);
  [[nodiscard]] std::vector<std::string> behind(store::Version version);

  store::Store& store_;
  Changes& changes_;
  const Logger logger_;
  Published<CustomState> state_{std::make_shared<const CustomState>()};
  Mutex mutex_;  // one change at a time
  bool ending_ SLUICE_GUARDED_BY(mutex_) = false;
  Condition ended_;
  std::uint64_t number_ SLUICE_GUARDED_BY(mutex_) = 0;
  store::Version version_ SLUICE_GUARDED_BY(mutex_) = 0;  // of the document with the number
  store::Version seen_ SLUICE_GUARDED_BY(mutex_) = 0;     // of the news that were read
};

}  // namespace sluice::control
