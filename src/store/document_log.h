// SPDX-License-Identifier: Apache-2.0
// DocumentLog: the last changes of the documents, for Store::document_news. Any thread but a
// worker's.
#pragma once

#include <deque>
#include <span>

#include "base/mutex.h"
#include "base/result.h"
#include "base/time.h"
#include "store/store.h"

namespace sluice::store {

class DocumentLog {
 public:
  // Beyond these limits, the log forgets the oldest changes. A watch that has not read them reads
  // all documents anew.
  static constexpr std::size_t kEventsMax = 4096;
  static constexpr std::size_t kBytesMax = 4 << 20;

  // Adds the changes of one version. Requires: the versions come in order.
  void append(Version version, std::span<const DocumentChange> changes) {
    append(version - 1, version, changes);
  }
  // The same where versions are not consecutive: there is none between `before` and `version`.
  void append(Version before, Version version, std::span<const DocumentChange> changes);
  // Notes that the documents are of `version`. If the log ends earlier, the changes between were
  // made before this process or by others, and the log does not know them.
  void reach(Version version);
  // Forgets all changes: the documents are of `version`, which may be lower than before.
  void begin(Version version);
  // Store::document_news.
  [[nodiscard]] Result<DocumentNews> news(Version after, TimePoint deadline);
  void close();

 private:
  [[nodiscard]] DocumentNews collect(Version after) const SLUICE_REQUIRES(mutex_);
  void forget(Version until) SLUICE_REQUIRES(mutex_);
  void drop_oldest() SLUICE_REQUIRES(mutex_);

  Mutex mutex_;
  Condition changed_;
  std::deque<DocumentNews::VersionedChange> events_ SLUICE_GUARDED_BY(mutex_);  // all above floor_
  std::size_t bytes_ SLUICE_GUARDED_BY(mutex_) = 0;                             // in events_
  Version floor_ SLUICE_GUARDED_BY(mutex_) = 0;
  Version newest_ SLUICE_GUARDED_BY(mutex_) = 0;
  bool closed_ SLUICE_GUARDED_BY(mutex_) = false;
};

}  // namespace sluice::store
