// SPDX-License-Identifier: Apache-2.0
// The objects of --initial-object-config-files.
#pragma once

#include <map>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/time.h"
#include "config/value.h"
#include "control/controller.h"

namespace sluice::server_program {

// Creates the objects of these files whose names are free: of each file all or none. Reads and
// tries a file again until it has none left, and the controller is told which are missing until
// then. Works on a thread of its own, because code from a slow URL must not delay the start.
// Requires: `controller` outlives this.
class InitialObjects {
 public:
  // Between two tries of the same file; each pause is twice the one before.
  static constexpr Duration kPauseMin = std::chrono::seconds(1);
  static constexpr Duration kPauseMax = std::chrono::seconds(60);

  struct Start {
    // No object is stored. Otherwise, a file that cannot be read is logged and no more, because its
    // objects may be stored.
    bool first = true;
    bool hot = false;  // a predecessor has read the files before
  };
  InitialObjects(std::vector<std::string> files, Start start, control::Controller& controller,
                 Logger logger);
  // Ends all changes, because the thread may still be at work.
  ~InitialObjects();
  InitialObjects(const InitialObjects&) = delete;
  InitialObjects& operator=(const InitialObjects&) = delete;

  // Returns after the first try, or after a few seconds. Error: the first try of a first start has
  // failed within them; it names file, object and fault, and nothing is tried again. Any other
  // failure goes to the log.
  [[nodiscard]] Result<void> wait();

 private:
  void work();
  // Returns an error for each file that is to be tried again, and keeps only those.
  [[nodiscard]] std::vector<Error> try_files();
  // Returns the text of a file. A pipe is read once, and its text is kept. A file that is empty
  // while it is written anew has its last text.
  [[nodiscard]] Result<std::string> text_of(const std::string& file);
  [[nodiscard]] Result<std::vector<config::Value>> documents_of(const std::string& file);
  // False: the error ends the process, or it ends anyway.
  [[nodiscard]] bool goes_on(const std::vector<Error>& failed);
  void log(const std::vector<Error>& failed, Duration pause);

  const Start start_;
  control::Controller& controller_;
  const Logger logger_;
  std::vector<std::string> files_;            // of the thread: those with missing objects
  std::map<std::string, std::string> texts_;  // of the thread: the last of each file
  std::map<std::string, TimePoint> logged_;   // of the thread: errors
  Mutex mutex_;
  Condition changed_;
  bool tried_ SLUICE_GUARDED_BY(mutex_) = false;  // all files, once
  bool late_ SLUICE_GUARDED_BY(mutex_) = false;   // wait() has returned before
  bool ending_ SLUICE_GUARDED_BY(mutex_) = false;
  Result<void> outcome_ SLUICE_GUARDED_BY(mutex_);  // of the first try, for wait()
  std::jthread thread_;                             // begins last
};

}  // namespace sluice::server_program
