// SPDX-License-Identifier: Apache-2.0
// Loader: builds stored objects that do not run, at the start and in later retries, each on a
// thread of its own.
#pragma once

#include <set>
#include <string>

#include "base/log.h"
#include "base/mutex.h"
#include "control/builder.h"
#include "control/changes.h"
#include "control/claims.h"
#include "control/crew.h"
#include "control/publisher.h"

namespace sluice::control {

// Any thread but a worker's. Outlives its work on `crew`.
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

  // Builds each object that is not current, on the crew, and publishes it. If a build fails, the
  // object gets the error. An object that is being built is built again if it changes meanwhile.
  void build_missing();
  // The same without the objects whose last build has failed.
  void build_new();

 private:
  void build_soon(const std::string& name);
  // Returns true if the object has changed meanwhile, and is to be built again.
  [[nodiscard]] bool build_now(const std::string& name);

  const ObjectBuilder& builder_;
  Claims& claims_;
  Publisher& publisher_;
  Changes& changes_;
  Crew& crew_;
  const Logger logger_;
  Mutex mutex_;
  std::set<std::string> awaited_ SLUICE_GUARDED_BY(mutex_);  // given to the crew
};

}  // namespace sluice::control
