// SPDX-License-Identifier: Apache-2.0
// Swap: a reload of code on all members of a cluster. Two steps: every member builds what one
// member has read, then all swap. A pipeline that a member refuses is swapped nowhere, unless by
// force.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "control/announcement.h"
#include "control/change.h"
#include "control/changes.h"
#include "control/claims.h"
#include "store/store.h"

namespace sluice::control {

// A pipeline whose code was read again.
struct FreshCode {
  std::string pipeline;
  std::vector<Reloaded> outcome{};
  std::shared_ptr<const Object> before{};
  std::shared_ptr<const Object> built{};  // takes the place of `before`; null: nothing changes
};

// For one reload. Any thread but a worker's; blocks.
class Swap {
 public:
  // Requires: all outlive this. `member`: the name of this one. `force`: swaps the able members.
  Swap(store::Store& store, StoredObjects& stored, Changes& changes, const Claims& claims,
       std::string member, bool force, Logger logger)
      : store_(store),
        stored_(stored),
        changes_(changes),
        claims_(claims),
        member_(std::move(member)),
        force_(force),
        logger_(std::move(logger)) {}

  // Swaps `fresh`, and adds the refusals to the outcomes. Error `conflict`: another member reloads
  // code; those of the store. After an error, nothing has changed.
  [[nodiscard]] Result<void> run(std::vector<FreshCode>& fresh);

 private:
  using Outcomes = std::map<std::string, TrialOutcome>;  // by member
  [[nodiscard]] Result<void> announce(const std::vector<FreshCode>& fresh);
  // Waits until each other member has an outcome. Sets one for those that are late.
  [[nodiscard]] Outcomes collect();
  [[nodiscard]] Result<std::vector<std::string>> read_outcomes(Outcomes& outcomes) const;
  void judge(const Outcomes& outcomes, std::vector<FreshCode>& fresh) const;
  [[nodiscard]] Result<void> commit(std::vector<FreshCode>& fresh);
  // A member that does not run the new code of a pipeline yet.
  struct Lag {
    FreshCode* code;
    std::string member;
    std::string why;
  };
  [[nodiscard]] Result<std::vector<Lag>> find_lags(const Outcomes& outcomes,
                                                   std::vector<FreshCode>& fresh) const;
  // Waits until the other members have swapped, and reports those that have not.
  void await_swaps(const Outcomes& outcomes, std::vector<FreshCode>& fresh);
  // Adds those of `names` that are no members any more to `gone_`.
  void note_gone(const std::set<std::string>& names);
  void warn_of_gone(std::vector<FreshCode>& fresh) const;
  [[nodiscard]] std::string lag_of(const std::string& member, const std::string& pipeline,
                                   const std::vector<store::Store::Note>& notes) const;

  store::Store& store_;
  StoredObjects& stored_;
  Changes& changes_;
  const Claims& claims_;
  const std::string member_;
  const bool force_;
  const Logger logger_;
  Announcement announcement_;
  std::set<std::string> gone_;                     // members that left without having swapped
  std::map<std::string, store::Version> swapped_;  // pipeline -> version of its pins
};

}  // namespace sluice::control
