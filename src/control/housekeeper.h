// SPDX-License-Identifier: Apache-2.0
// Housekeeper: a thread that samples statistics, sweeps kept and shared code, retries failed builds
// and ports, and tells of certificates that end.
#pragma once

#include <stop_token>
#include <thread>
#include <utility>

#include "base/log.h"
#include "control/builder.h"
#include "control/certificates.h"
#include "control/changes.h"
#include "control/loader.h"
#include "control/publisher.h"
#include "control/shared_code.h"

namespace sluice::control {

class Housekeeper {
 public:
  // Requires: all outlive this.
  Housekeeper(store::Store& store, const ObjectBuilder& builder, Publisher& publisher,
              Changes& changes, Loader& loader, Certificates& certificates, Logger logger)
      : builder_(builder),
        publisher_(publisher),
        changes_(changes),
        loader_(loader),
        certificates_(certificates),
        shared_code_(store, std::move(logger)) {}

  void start();
  void stop();  // waits for the work in progress; may be called again

 private:
  void work(const std::stop_token& stop);
  void sample() const;
  void sweep() const;

  const ObjectBuilder& builder_;
  Publisher& publisher_;
  Changes& changes_;
  Loader& loader_;
  Certificates& certificates_;
  SharedCode shared_code_;
  std::jthread thread_;
};

}  // namespace sluice::control
