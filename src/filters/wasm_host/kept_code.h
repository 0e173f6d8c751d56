// SPDX-License-Identifier: Apache-2.0
// KeptCode: the code that runs, by its hash, in a folder of the data directory. A sale that has run
// once runs again after a restart, whatever has become of the file or URL that its code came from.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "base/result.h"

namespace sluice::filters {

// Any thread but a worker's. Holds at most one file per filter, of kCodeBytesMax each.
class KeptCode {
 public:
  // The folder is made (for the owner only) when something is kept. Empty: nothing is.
  explicit KeptCode(std::string directory) : directory_(std::move(directory)) {}

  // While it lives, sweep() spares that code.
  using Hold = std::shared_ptr<const std::string>;
  [[nodiscard]] Hold hold(const std::string& sha256);
  // Durable on return, power cuts included.
  [[nodiscard]] Result<Hold> keep(const std::string& sha256, std::string_view bytes);
  // Checked against its hash. Errors: `not_found`; `corrupt` bytes are `internal`.
  [[nodiscard]] Result<std::string> load(const std::string& sha256) const;
  // Deletes what is neither `wanted` nor held.
  void sweep(const std::set<std::string>& wanted);

 private:
  [[nodiscard]] std::string path_of(const std::string& sha256) const;
  [[nodiscard]] Result<void> write(const std::string& sha256, std::string_view bytes) const;
  [[nodiscard]] Hold hold_locked(const std::string& sha256) SLUICE_REQUIRES(mutex_);

  const std::string directory_;
  mutable Mutex mutex_;  // also held while a file is written, so that sweep() sees it or not
  std::map<std::string, std::weak_ptr<const std::string>> held_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::filters
