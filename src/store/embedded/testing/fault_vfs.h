// SPDX-License-Identifier: Apache-2.0
// For tests: SQLite's files on a disk that fails on demand and whose power can be cut. Tracks for
// every file which bytes are on disk (by fsync) and which only in the system's cache. Real files
// hold the cache; nothing is really synced. Contents that a file has got by other means count as on
// disk when it is opened.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace sluice::store {

class FaultVfs {
 public:
  enum class Call { open, read, write, truncate, sync };

  // The seed decides which unsynced bytes survive a power cut, and where writes tear.
  explicit FaultVfs(unsigned seed);
  // Requires: every connection is closed.
  ~FaultVfs();
  FaultVfs(const FaultVfs&) = delete;
  FaultVfs& operator=(const FaultVfs&) = delete;
  [[nodiscard]] const char* name() const;

  // Any thread, all of these.
  // After `skip` more such calls on files whose name ends with `suffix`, `times` calls fail with
  // SQLite's `code`. A failing write writes its first half. A failing sync marks all unsynced bytes
  // clean in the cache, though they may not be on disk: another sync does not write them.
  void fail(Call call, std::string suffix, int skip, int times, int code);
  void heal();
  // The power fails at the `changes`-th change from now (0: at once). Every later call fails.
  void cut_power_after(int changes);
  // Calls the cut off. False if the power has failed already.
  [[nodiscard]] bool keep_power();
  [[nodiscard]] bool off() const;
  // Like cut_power_after(0), but the cache survives: the process ends, not the machine.
  void kill() { cut_power_after(0); }
  // After a power cut: the files become what survived. Requires: every connection is closed.
  void lose_cache();
  // After lose_cache() or kill(). Requires: every connection is closed.
  void power_on();
  // The calls so far, on files whose name ends with `suffix`.
  [[nodiscard]] int calls(Call call, std::string_view suffix = "") const;

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace sluice::store
