// SPDX-License-Identifier: Apache-2.0
// Loader: builds stored objects that do not run, at the start and again and again, each on a thread
// of its own.
#pragma once

#include <set>
#include <string>

#include "base/log.h"
#include "base/mutex.h"
#include "config/value.h"
#include "control/builder.h"
#include "control/changes.h"
#include "control/claims.h"
#include "control/crew.h"
#include "control/publisher.h"

namespace sluice::control {

// Any thread but a worker's. Outlives what `crew` does for it.
class Loader {
 public:
  Loader(const ObjectBuilder& builder, Claims& claims, Publisher& publisher, Changes& changes,
         Crew& crew, Logger logger)
      : builder_(builder),
        claims_(claims),
        publisher_(publisher),
        changes_(changes),
        crew_(crew),
        logger_(std::move(logger)) {}

  // Controller::knowledge() of the process before this one; before the first build.
  void know(config::Value known) { known_ = std::move(known); }
  // Builds every object that does not run and that is not being built already, on the crew, and
  // publishes it. One that cannot be built gets its error.
  void build_missing();

 private:
  void build_soon(const std::string& name);
  void build_now(const std::string& name);

  const ObjectBuilder& builder_;
  Claims& claims_;
  Publisher& publisher_;
  Changes& changes_;
  Crew& crew_;
  const Logger logger_;
  config::Value known_;
  Mutex mutex_;
  std::set<std::string> awaited_ SLUICE_GUARDED_BY(mutex_);  // given to the crew
};

}  // namespace sluice::control
