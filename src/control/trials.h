// SPDX-License-Identifier: Apache-2.0
// Trials: builds what another member has announced (control/announcement.h), notes the outcome, and
// keeps what was built until it comes into force or the announcement goes.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "base/log.h"
#include "control/announcement.h"
#include "control/builder.h"
#include "control/changes.h"
#include "control/claims.h"
#include "control/crew.h"
#include "control/publisher.h"
#include "control/stored_objects.h"
#include "store/store.h"

namespace sluice::control {

class Trials {
 public:
  // Requires: all outlive this, and its work on `crew`. `member`: the name of this one.
  Trials(store::Store& store, const ObjectBuilder& builder, Claims& claims, Publisher& publisher,
         Changes& changes, StoredObjects& stored, Crew& crew, std::string member, Logger logger)
      : store_(store),
        builder_(builder),
        claims_(claims),
        publisher_(publisher),
        changes_(changes),
        stored_(stored),
        crew_(crew),
        member_(std::move(member)),
        logger_(std::move(logger)) {}

  // Looks at the current announcement. One thread.
  void update();

 private:
  void build_all(const Announcement& announcement);
  // Returns why the object cannot run, or "".
  [[nodiscard]] std::string build(const std::string& name, const Announcement::Proposal& proposal,
                                  const std::string& id);

  store::Store& store_;
  const ObjectBuilder& builder_;
  Claims& claims_;
  Publisher& publisher_;
  Changes& changes_;
  StoredObjects& stored_;
  Crew& crew_;
  const std::string member_;
  const Logger logger_;
  std::string current_;  // id of the announcement that was taken up; "": none
};

}  // namespace sluice::control
