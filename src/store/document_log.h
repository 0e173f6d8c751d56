// SPDX-License-Identifier: Apache-2.0
// DocumentLog: the last changes of the documents, for those who watch them. Any thread but a
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
  // More is forgotten, the oldest first; who has not read it reads all documents anew.
  static constexpr std::size_t kEventsMax = 4096;
  static constexpr std::size_t kBytesMax = 16 << 20;

  // A change of one version was made. Requires: in the order of the versions.
  void append(Version version, std::span<const DocumentChange> changes);
  // Somebody has read the documents as of `version`: what was changed until then, and is not in the
  // log, was changed by others, or before this process.
  void reach(Version version);
  // Store::document_news.
  [[nodiscard]] Result<DocumentNews> news(Version after, TimePoint deadline);
  void close();

 private:
  [[nodiscard]] DocumentNews collect(Version after) const SLUICE_REQUIRES(mutex_);
  void forget(Version until) SLUICE_REQUIRES(mutex_);
  void drop_oldest() SLUICE_REQUIRES(mutex_);

  Mutex mutex_;
  Condition changed_;
  std::deque<DocumentNews::Event> events_ SLUICE_GUARDED_BY(mutex_);  // all after floor_
  std::size_t bytes_ SLUICE_GUARDED_BY(mutex_) = 0;                   // in events_
  Version floor_ SLUICE_GUARDED_BY(mutex_) = 0;
  Version newest_ SLUICE_GUARDED_BY(mutex_) = 0;
  bool closed_ SLUICE_GUARDED_BY(mutex_) = false;
};

}  // namespace sluice::store
