// SPDX-License-Identifier: Apache-2.0
// WatchedDocument: a file or the answer of a URL, read again and again. The last good text stays
// while it cannot be read.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "backend/health_check.h"
#include "backend/side_client.h"
#include "base/log.h"
#include "base/result.h"
#include "base/time.h"
#include "loop/blocking_pool.h"

namespace sluice::backend {

struct DocumentSource {
  std::string name{};                            // for the log
  std::string file{};                            // its path; "": the service is asked
  std::shared_ptr<const SideService> service{};  // a GET that ends with status 200
  std::size_t bytes_max = 1 << 20;               // of a file; a service has a limit of its own
  Duration refresh = std::chrono::minutes(5);
  std::int64_t taken_ms = 0;  // when another document of this source was read last; 0: never
  // Gets the time of each good read, on the thread of the checks.
  std::function<void(std::int64_t taken_ms)> note_read{};
};

// Any thread.
class WatchedDocument {
 public:
  // After a failure, and from one hurry() to the next, at least this time passes.
  static constexpr Duration kHurryEvery = std::chrono::seconds(10);

  // `take` gets each new text on the thread of the checks. Its error keeps the text before. It
  // must not refer to this object. Starts at once.
  using Take = std::function<Result<void>(std::string_view text)>;
  WatchedDocument(std::shared_ptr<HealthThread> thread, std::shared_ptr<loop::BlockingPool> pool,
                  DocumentSource source, Take take, Logger logger);
  // Does not wait: a read in progress is cancelled on the thread of the checks.
  ~WatchedDocument();
  WatchedDocument(const WatchedDocument&) = delete;
  WatchedDocument& operator=(const WatchedDocument&) = delete;

  // Asks for another read soon.
  void hurry();
  // Blocks until the first read has ended, at most `patience`. Returns whether it has. Never on a
  // core.
  bool wait_for_first(Duration patience) const;

  struct Status {
    std::string error{};        // of the last read; "" if it was good
    std::int64_t taken_ms = 0;  // when a text was last taken or found unchanged; 0: never
  };
  [[nodiscard]] Status status() const;

 private:
  struct Run;
  std::shared_ptr<HealthThread> thread_;
  std::shared_ptr<Run> run_;
};

}  // namespace sluice::backend
