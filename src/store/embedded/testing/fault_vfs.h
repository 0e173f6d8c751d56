// SPDX-License-Identifier: Apache-2.0
// For tests: SQLite's files on a disk that fails when it is told to, and whose power can be cut.
// Knows of every file what has reached the disk (by fsync) and what is only in the system's cache.
// Real files hold what the cache holds; nothing is really synced.
#pragma once

#include <memory>
#include <string>

namespace sluice::store {

class FaultVfs {
 public:
  enum class Call { open, read, write, truncate, sync };

  // The seed decides what of the unsynced survives a power cut, and at which bytes writes tear.
  explicit FaultVfs(unsigned seed);
  // After every connection is closed.
  ~FaultVfs();
  FaultVfs(const FaultVfs&) = delete;
  FaultVfs& operator=(const FaultVfs&) = delete;
  [[nodiscard]] const char* name() const;

  // Any thread, all of these.
  // After `skip` more such calls on files whose name ends with `suffix`, `times` of them fail with
  // SQLite's `code`. A failing write writes its first half; a failing sync leaves all that was
  // unsynced for clean in the cache, and perhaps not on the disk: syncing again does not help.
  void fail(Call call, std::string suffix, int skip, int times, int code);
  void heal();
  // The power fails at the so manieth change from now (0: at once): everything fails from then on.
  void cut_power_after(int changes);
  [[nodiscard]] bool off() const;
  // As cut_power_after(0), but the cache survives: the end of the process, not of the machine.
  void kill() { cut_power_after(0); }
  // After a power cut, with every connection closed: the files become what has survived.
  void lose_cache();
  // After lose_cache() or kill(), with every connection closed.
  void power_on();
  [[nodiscard]] int calls(Call call) const;

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace sluice::store
