// SPDX-License-Identifier: Apache-2.0
// ProcessFigures: the figures of this process that the system knows, for Prometheus.
#pragma once

#include <dirent.h>

#include <memory>
#include <optional>

#include "base/descriptor.h"
#include "base/mutex.h"
#include "observe/exposition.h"

namespace sluice::observe {

[[nodiscard]] MetricFamilies process_metric_families();

// Keeps the files of the system open, so that it tells of a process without a free descriptor, too.
class ProcessFigures {
 public:
  ProcessFigures();

  // Reads files of the system; never on a core. A figure that the system does not tell is left out.
  void expose(Exposition& out) const;

 private:
  struct CloseFolder {
    void operator()(DIR* folder) const { (void)::closedir(folder); }
  };
  [[nodiscard]] std::optional<std::size_t> count_files() const;
  void expose_files(Exposition& out) const;

  const Descriptor stat_;
  const double boot_time_;  // the start of the machine, in seconds since 1970; 0: not known
  mutable Mutex mutex_;
  const std::unique_ptr<DIR, CloseFolder> open_files_ SLUICE_PT_GUARDED_BY(mutex_);
};

}  // namespace sluice::observe
