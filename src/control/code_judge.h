// SPDX-License-Identifier: Apache-2.0
// CodeJudge: a thread that goes back to the code before, where the runs of new code fail more often
// than its filter allows (WithCode::verdict).
//
// Each member judges what it runs. The decision is one change of the pins, which expects the pins
// that this member has seen: of two members that decide, one is first, and a reload that comes
// first is not undone. The other members follow the change as any other.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include "base/log.h"
#include "base/result.h"
#include "base/time.h"
#include "control/object.h"
#include "control/publisher.h"

namespace sluice::control {

class CodeJudge {
 public:
  // Puts the code before in the place of that of `object`, for the reason `why`. Error: nothing has
  // changed.
  using TakeBack = std::function<Result<void>(const std::shared_ptr<const Object>& object,
                                              const std::string& filter, const std::string& why)>;

  // Requires: `publisher` outlives this.
  CodeJudge(const Publisher& publisher, TakeBack take_back, Logger logger)
      : publisher_(publisher), take_back_(std::move(take_back)), logger_(std::move(logger)) {}

  void start();
  void stop();  // waits for the work in progress; may be called again

 private:
  void work(const std::stop_token& stop);
  void look_at(const std::shared_ptr<const Object>& object);
  void judge(const std::shared_ptr<const Object>& object, const std::string& filter,
             const std::string& why);

  const Publisher& publisher_;
  const TakeBack take_back_;
  const Logger logger_;
  std::map<std::string, TimePoint> failed_;  // place and hash of a code -> the next try
  std::jthread thread_;
};

}  // namespace sluice::control
