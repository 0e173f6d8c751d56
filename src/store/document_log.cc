// SPDX-License-Identifier: Apache-2.0
#include "store/document_log.h"

#include <algorithm>

#include "store/medium.h"

namespace sluice::store {
namespace {

std::size_t bytes_of(const DocumentChange& change) {
  return change.collection.size() + change.key.size() + (change.value ? change.value->size() : 0);
}

}  // namespace

std::unexpected<DocumentFailure> refuse(const DocumentChange& change, Version there) {
  const auto text = [](Version version) {
    return version == 0 ? std::string("absent") : "of version " + std::to_string(version);
  };
  return std::unexpected(DocumentFailure{
      {ErrorKind::conflict, change.collection + " `" + change.key + "` is " + text(there) +
                                ", not " + text(*change.expected) + ": read it and try again"},
      DocumentMismatch{change.collection, change.key, there}});
}

void DocumentLog::append(Version before, Version version, std::span<const DocumentChange> changes) {
  {
    const MutexLock lock(mutex_);
    if (before != newest_) forget(before);
    newest_ = version;
    for (const DocumentChange& change : changes) {
      bytes_ += bytes_of(change);
      events_.push_back({version, change});
    }
    while (events_.size() > kEventsMax || bytes_ > kBytesMax) drop_oldest();
  }
  changed_.notify_all();
}

void DocumentLog::reach(Version version) {
  {
    const MutexLock lock(mutex_);
    if (version <= newest_) return;
    forget(version);
  }
  changed_.notify_all();
}

void DocumentLog::begin(Version version) {
  {
    const MutexLock lock(mutex_);
    forget(version);
  }
  changed_.notify_all();
}

void DocumentLog::forget(Version until) {
  events_.clear();
  bytes_ = 0;
  floor_ = newest_ = until;
}

// Drops all events of the oldest version.
void DocumentLog::drop_oldest() {
  floor_ = events_.front().version;
  while (!events_.empty() && events_.front().version == floor_) {
    bytes_ -= bytes_of(events_.front().change);
    events_.pop_front();
  }
}

Result<DocumentNews> DocumentLog::news(Version after, TimePoint deadline) {
  const MutexLock lock(mutex_);
  while (!closed_ && after == newest_ && changed_.wait_until(mutex_, deadline)) {
  }
  if (closed_) return fail(ErrorKind::unavailable, "the store is closed");
  return collect(after);
}

DocumentNews DocumentLog::collect(Version after) const {
  if (after < floor_ || after > newest_) {
    return {.read_anew = true, .version = newest_, .events = {}};
  }
  const auto first =
      std::ranges::upper_bound(events_, after, {}, &DocumentNews::VersionedChange::version);
  return {.read_anew = false, .version = newest_, .events = {first, events_.end()}};
}

void DocumentLog::close() {
  {
    const MutexLock lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

}  // namespace sluice::store
