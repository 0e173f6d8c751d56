// SPDX-License-Identifier: Apache-2.0
// KeptCode: the running code, by its hash, in a folder of the data directory. A program that has
// run once runs again after a restart, even if its file or URL is gone or has changed.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "base/result.h"
#include "pipeline/filter.h"

namespace sluice::filters {

// Any thread but a worker's. The folder has a file of at most kCodeBytesMax for
// each pin, and for each code that a history keeps.
class KeptCode final : public pipeline::CodeKeeper {
 public:
  // The folder is created, for the owner only, at the first keep(). "": no code is kept.
  explicit KeptCode(std::string directory) : directory_(std::move(directory)) {}

  // While a Hold lives, sweep() spares its code.
  [[nodiscard]] Hold hold(const std::string& sha256) override;
  [[nodiscard]] Result<Hold> keep(const std::string& sha256, std::string_view bytes) override;
  [[nodiscard]] Result<std::string> load(const std::string& sha256) const override;
  // Deletes all code that is neither `wanted` nor held.
  void sweep(const std::set<std::string>& wanted);

 private:
  [[nodiscard]] std::string path_of(const std::string& sha256) const;
  [[nodiscard]] Result<void> write(const std::string& sha256, std::string_view bytes) const;
  [[nodiscard]] Hold hold_locked(const std::string& sha256) SLUICE_REQUIRES(mutex_);

  const std::string directory_;
  mutable Mutex mutex_;  // also held during a write, so that sweep() sees no partial file
  std::map<std::string, std::weak_ptr<const std::string>> held_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::filters
