// SPDX-License-Identifier: Apache-2.0
// JobWriter: writes bulk changes to disk in steps. A job belongs to a namespace and stages its rows
// in a separate table, which readers ignore. Its commit is one small write. From then on, a read of
// the namespace sees `data` without the keys that the job clears, overlaid with the staged rows
// (sqlite_medium_reader.cc). Further steps move the rows to `data` and remove the job. One job at a
// time per namespace. Requires: the writer's mutex is held, and each call is within a transaction
// of the caller.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/time.h"
#include "store/bulk.h"
#include "store/embedded/connection.h"

namespace sluice::store {

class JobWriter {
 public:
  struct Job {
    std::int64_t id;
    std::optional<std::string> clear;  // a prefix; until the keys are erased
  };
  using Jobs = std::unordered_map<std::int64_t, Job>;  // the committed ones, by namespace

  // Prepares the statements and reads the jobs that a crash or the last connection left. Requires:
  // `connection` does not move.
  [[nodiscard]] Result<void> open(Connection& connection);

  // One step of staging `bulk`; true when all is staged.
  [[nodiscard]] Result<bool> stage(std::int64_t ns, Bulk& bulk);
  [[nodiscard]] Result<void> commit(std::int64_t ns, const Bulk& bulk);
  // Filters a write before it goes to `data`. True if the write must not go there.
  [[nodiscard]] Result<bool> put(std::int64_t ns, std::string_view key, std::string_view value);
  [[nodiscard]] Result<void> erase(std::int64_t ns, std::string_view key);
  // One step of finishing a committed job, or of removing a dropped one.
  [[nodiscard]] Result<void> finish_some();
  [[nodiscard]] bool has_work() const { return !jobs_.empty() || !dropped_.empty(); }

  void drop(std::int64_t job) {
    staging_.erase(job);
    dropped_.push_back(job);
  }
  // Adapts the next step to the CPU time of the last one: a step should take about a millisecond.
  void adapt(Duration took);

 private:
  [[nodiscard]] Result<void> read_jobs();
  [[nodiscard]] Result<std::int64_t> add_job(std::int64_t ns, const Bulk& bulk);
  [[nodiscard]] Result<void> stage_row(std::int64_t job, std::string_view key,
                                       std::string_view value);
  [[nodiscard]] Result<void> finish(std::int64_t ns);
  [[nodiscard]] Result<void> clear_some(std::int64_t ns, Job& job);
  // Removes the first staged rows; true if none are left.
  [[nodiscard]] Result<bool> trim(std::int64_t job);
  [[nodiscard]] Result<void> remove(std::int64_t job);

  Connection* connection_ = nullptr;
  Statement add_, commit_, cleared_, remove_, all_;
  Statement stage_, unstage_, move_, trim_, clear_;
  Jobs jobs_;
  std::vector<std::int64_t> dropped_;
  std::unordered_set<std::int64_t> staging_;  // jobs of this process that may still be committed
  std::int64_t rows_ = 1;                     // per step
};

}  // namespace sluice::store
