// SPDX-License-Identifier: Apache-2.0
#include "store/embedded/job_writer.h"

#include <algorithm>

#include "store/medium.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kRowsMax = 512;
constexpr std::int64_t kRowsFirst = 32;  // the first rows may be large
constexpr std::size_t kBytesMax = 256 << 10;
constexpr Duration kStepShort = 500us;
constexpr Duration kStepLong = 1ms;

}  // namespace

Result<void> JobWriter::open(Connection& connection) {
  connection_ = &connection;
  rows_ = kRowsFirst;
  SLUICE_CHECK(connection.prepare_all(
      {{&add_,
        "INSERT INTO jobs(namespace, clear) VALUES(?1, CASE ?3 WHEN 1 THEN ?2 END) RETURNING id"},
       {&commit_, "UPDATE jobs SET committed = 1 WHERE id = ?1"},
       {&cleared_, "UPDATE jobs SET clear = NULL WHERE id = ?1"},
       {&remove_, "DELETE FROM jobs WHERE id = ?1"},
       {&all_, "SELECT id, namespace, committed, clear IS NOT NULL, clear FROM jobs"},
       {&stage_,
        "INSERT INTO staged(job, key, value) VALUES(?1, ?2, ?3) "
        "ON CONFLICT DO UPDATE SET value = excluded.value"},
       {&unstage_, "DELETE FROM staged WHERE job = ?1 AND key = ?2"},
       {&move_,
        "INSERT INTO data(namespace, key, value) "
        "SELECT ?2, key, value FROM staged WHERE job = ?1 ORDER BY key LIMIT ?3 "
        "ON CONFLICT DO UPDATE SET value = excluded.value"},
       {&trim_,
        "DELETE FROM staged WHERE job = ?1 AND key IN "
        "(SELECT key FROM staged WHERE job = ?1 ORDER BY key LIMIT ?2)"},
       {&clear_,
        "DELETE FROM data WHERE namespace = ?1 AND key IN (SELECT key FROM data "
        "WHERE namespace = ?1 AND key >= ?2 AND (?3 = 0 OR key < ?4) ORDER BY key LIMIT ?5)"}}));
  return read_jobs();
}

Result<void> JobWriter::read_jobs() {
  jobs_.clear();
  dropped_.clear();
  const ResetGuard guard(all_);
  int code = SQLITE_OK;
  while ((code = all_.step()) == SQLITE_ROW) {
    Job job{all_.column_integer(0), std::nullopt};
    if (all_.column_integer(2) == 0) {
      if (!staging_.contains(job.id)) dropped_.push_back(job.id);
      continue;
    }
    if (all_.column_integer(3) != 0) job.clear = all_.column_bytes(4);
    jobs_.insert_or_assign(all_.column_integer(1), std::move(job));
  }
  if (code != SQLITE_DONE) return std::unexpected(connection_->error(code));
  return {};
}

Result<bool> JobWriter::stage(std::int64_t ns, Bulk& bulk) {
  if (jobs_.contains(ns)) {
    SLUICE_CHECK(finish(ns));
    return false;
  }
  if (bulk.job == 0) {
    SLUICE_TRY(bulk.job, add_job(ns, bulk));
    staging_.insert(bulk.job);
  }
  std::size_t bytes = 0;
  const std::size_t end = std::min(bulk.puts.size(), bulk.staged + static_cast<std::size_t>(rows_));
  for (; bulk.staged < end && bytes < kBytesMax; ++bulk.staged) {
    const Record& record = *bulk.puts[bulk.staged].record;
    SLUICE_CHECK(stage_row(bulk.job, record.key(), record.value()));
    bytes += record.key().size() + record.value().size();
  }
  return bulk.staged == bulk.puts.size();
}

Result<std::int64_t> JobWriter::add_job(std::int64_t ns, const Bulk& bulk) {
  const ResetGuard guard(add_);
  add_.integer(1, ns).integer(3, bulk.clear ? 1 : 0);
  add_.blob(2, bulk.clear ? std::string_view(*bulk.clear) : std::string_view());
  const int code = add_.step();
  if (code != SQLITE_ROW) return std::unexpected(connection_->error(code));
  return add_.column_integer(0);
}

Result<void> JobWriter::stage_row(std::int64_t job, std::string_view key, std::string_view value) {
  stage_.integer(1, job).blob(2, key).blob(3, value);
  return connection_->run(stage_);
}

Result<void> JobWriter::commit(std::int64_t ns, const Bulk& bulk) {
  jobs_.insert_or_assign(ns, Job{bulk.job, bulk.clear});
  commit_.integer(1, bulk.job);
  return connection_->run(commit_);
}

Result<bool> JobWriter::put(std::int64_t ns, std::string_view key, std::string_view value) {
  const auto found = jobs_.find(ns);
  if (found == jobs_.end()) return false;
  const Job& job = found->second;
  if (job.clear && key.starts_with(*job.clear)) {
    SLUICE_CHECK(stage_row(job.id, key, value));
    return true;
  }
  SLUICE_CHECK(erase(ns, key));
  return false;
}

Result<void> JobWriter::erase(std::int64_t ns, std::string_view key) {
  const auto found = jobs_.find(ns);
  if (found == jobs_.end()) return {};
  unstage_.integer(1, found->second.id).blob(2, key);
  return connection_->run(unstage_);
}

Result<void> JobWriter::finish_some() {
  if (!jobs_.empty()) return finish(jobs_.begin()->first);
  if (dropped_.empty()) return {};
  SLUICE_TRY(const bool empty, trim(dropped_.back()));
  if (!empty) return {};
  SLUICE_CHECK(remove(dropped_.back()));
  dropped_.pop_back();
  return {};
}

Result<void> JobWriter::finish(std::int64_t ns) {
  Job& job = jobs_.at(ns);
  if (job.clear) return clear_some(ns, job);
  move_.integer(1, job.id).integer(2, ns).integer(3, rows_);
  SLUICE_CHECK(connection_->run(move_));
  SLUICE_TRY(const bool empty, trim(job.id));
  if (!empty) return {};
  SLUICE_CHECK(remove(job.id));
  jobs_.erase(ns);
  return {};
}

Result<void> JobWriter::clear_some(std::int64_t ns, Job& job) {
  const std::string end = end_of_prefix(*job.clear);
  clear_.integer(1, ns).blob(2, *job.clear).integer(3, end.empty() ? 0 : 1).blob(4, end);
  clear_.integer(5, rows_);
  SLUICE_CHECK(connection_->run(clear_));
  if (connection_->changes() == rows_) return {};
  job.clear.reset();
  cleared_.integer(1, job.id);
  return connection_->run(cleared_);
}

Result<bool> JobWriter::trim(std::int64_t job) {
  trim_.integer(1, job).integer(2, rows_);
  SLUICE_CHECK(connection_->run(trim_));
  return connection_->changes() < rows_;
}

Result<void> JobWriter::remove(std::int64_t job) {
  staging_.erase(job);
  remove_.integer(1, job);
  return connection_->run(remove_);
}

void JobWriter::adapt(Duration took) {
  if (took > kStepLong) rows_ = std::max<std::int64_t>(rows_ / 2, 1);
  if (took < kStepShort) rows_ = std::min(rows_ * 2, kRowsMax);
}

}  // namespace sluice::store
