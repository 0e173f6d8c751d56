// SPDX-License-Identifier: Apache-2.0
// Follower: a thread that waits for the changes of other members, and brings them into force here.
#pragma once

#include <stop_token>
#include <thread>
#include <utility>

#include "base/log.h"
#include "base/result.h"
#include "control/changes.h"
#include "control/custom_data.h"
#include "control/loader.h"
#include "control/stored_objects.h"
#include "control/trials.h"

namespace sluice::control {

class Follower {
 public:
  // Requires: all outlive this.
  Follower(StoredObjects& stored, Changes& changes, CustomData& custom_data, Loader& loader,
           Trials& trials, Logger logger)
      : stored_(stored),
        changes_(changes),
        custom_data_(custom_data),
        loader_(loader),
        trials_(trials),
        logger_(std::move(logger)) {}

  // Requires: the store is shared.
  void start();
  void stop();  // waits for the work in progress; may be called again

 private:
  void work(const std::stop_token& stop);
  // Waits a moment for news, and takes them over.
  [[nodiscard]] Result<void> follow();

  StoredObjects& stored_;
  Changes& changes_;
  CustomData& custom_data_;
  Loader& loader_;
  Trials& trials_;
  const Logger logger_;
  std::jthread thread_;
};

}  // namespace sluice::control
