// SPDX-License-Identifier: Apache-2.0
// CodeJudge: a thread that goes back to earlier code, where the runs of new code fail more often
// than its filter allows (WithCode::verdict). It also has the history note how trials end.
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
#include "pipeline/with_code.h"

namespace sluice::control {

class CodeJudge {
 public:
  // Puts earlier code in the place of that of `object`, for the reason `why`. False: `object` is
  // being changed, so say it again. Error: nothing has changed.
  using TakeBack = std::function<Result<bool>(const std::shared_ptr<const Object>& object,
                                              const std::string& filter, const std::string& why)>;
  // Stores what `object` knows of its trials. As above.
  using NoteTrials = std::function<Result<bool>(const std::shared_ptr<const Object>& object)>;

  // Requires: `publisher` outlives this.
  CodeJudge(const Publisher& publisher, TakeBack take_back, NoteTrials note_trials, Logger logger)
      : publisher_(publisher),
        take_back_(std::move(take_back)),
        note_trials_(std::move(note_trials)),
        logger_(std::move(logger)) {}

  void start();
  void stop();  // waits for the work in progress; may be called again

 private:
  void work(const std::stop_token& stop);
  // A decision that could not be carried out. One line in the log says so, and one when that
  // changes. Each try may compile code: so they become rare.
  struct Failure {
    std::string error;
    Duration pause;
    TimePoint next;
  };

  void look_at(const std::shared_ptr<const Object>& object);
  void judge(const std::shared_ptr<const Object>& object, const std::string& filter,
             const std::string& hash, const pipeline::WithCode& code);
  void note_trials(const std::shared_ptr<const Object>& object);
  [[nodiscard]] bool is_early(const std::string& key) const;
  // Returns true if the error is news.
  bool note_failure(const std::string& key, const std::string& error);

  const Publisher& publisher_;
  const TakeBack take_back_;
  const NoteTrials note_trials_;
  const Logger logger_;
  std::map<std::string, Failure> failed_;  // place and hash of a code, or name of an object
  std::jthread thread_;
};

}  // namespace sluice::control
