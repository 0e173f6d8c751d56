// SPDX-License-Identifier: Apache-2.0
#include "store/embedded/sqlite_medium.h"

#include <chrono>
#include <ctime>
#include <filesystem>
#include <initializer_list>
#include <tuple>
#include <utility>

#include "store/chain_store.h"
#include "store/embedded/admission.h"
#include "store/embedded/schema.h"

namespace sluice::store {
namespace {

// CPU time of this thread. On a slow disk or a busy machine, smaller steps would not help.
Duration cpu_time() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

Result<std::unique_ptr<Medium>> SqliteMedium::open(const std::string& directory, Options options) {
  SLUICE_TRY(DirectoryLock lock, DirectoryLock::take(directory));
  std::unique_ptr<SqliteMedium> medium(
      new SqliteMedium(std::move(lock), directory + "/sluice.db", std::move(options)));
  SLUICE_CHECK(medium->start(directory));
  return medium;
}

Result<void> SqliteMedium::start(const std::string& directory) {
  SLUICE_TRY(const Admitted admitted, admit(path_, {.presence = options_.presence,
                                                    .vfs = options_.vfs,
                                                    .boot = options_.boot,
                                                    .logger = options_.logger}));
  SLUICE_CHECK(mark_.open(mark_of(path_), options_.vfs));
  if (!vfs_.usable()) return fail(ErrorKind::internal, "SQLite has no such file system");
  {
    const MutexLock lock(writer_mutex_);
    cycle_ = admitted.cycle;
    SLUICE_CHECK(prepare_writer());
    SLUICE_CHECK(take_possession(admitted.store, admitted.told));
  }
  {
    const MutexLock lock(reader_mutex_);
    SLUICE_TRY(reader_, open_reader());
  }
  SLUICE_CHECK(checkpointer_.start(path_, vfs_.name(), mark_));
  const MutexLock lock(writer_mutex_);
  const std::string restore =
      "stop the server, restore the data directory from a backup and start it again";
  for (FileWatch* watch : {&watch_, &home_}) {
    SLUICE_CHECK(watch->add(path_, restore));
    SLUICE_CHECK(watch->add(mark_of(path_),
                            "stop the server and start it with "
                            "--accept-older-store"));
  }
  SLUICE_CHECK(watch_.add(path_ + "-wal", "stop the server (not with kill -9) and start it again"));
  SLUICE_CHECK(watch_.add(path_ + "-shm", "stop the server and start it again"));
  SLUICE_CHECK(watch_.add(directory + "/sluice.lock", "stop the server and start it again"));
  started_ = true;
  return {};
}

Result<void> SqliteMedium::take_possession(const std::string& store, Version told) {
  Connection& connection = writer_.connection;
  SLUICE_CHECK(set_sync(connection, Durability::disk));  // puts the header of the log on disk
  SLUICE_TRY(Statement name,
             connection.prepare("INSERT INTO store(id, name, cycle) VALUES(1, ?1, ?2) "
                                "ON CONFLICT DO UPDATE SET name = ?1, cycle = ?2"));
  name.text(1, store).integer(2, static_cast<std::int64_t>(cycle_ + 1));
  SLUICE_CHECK(connection.run(name));
  next_cycle_ = cycle_ + 1;
  note_cycle();
  SLUICE_TRY(const Version more, version_documents(connection));
  SLUICE_CHECK(set_sync(connection, options_.durability));
  return mark_.start(options_.durability, options_.boot, told + more);
}

// Removes the log if the database is complete without it. Otherwise the log stays for the next
// start, which finds it in the mark.
SqliteMedium::~SqliteMedium() {
  checkpointer_.stop();
  const MutexLock lock(writer_mutex_);
  if (!started_ || !damage_.empty() || !home_.check()) return;
  (void)watch_.check();
  if (watch_.cut_short()) return;  // a truncated log must not be copied into the database
  if (!writer_.connection.checkpoint()) return;
  std::error_code unknown;
  const auto size = std::filesystem::file_size(path_, unknown);
  if (unknown || !mark_.stop(size)) return;
  (void)writer_.connection.keep_log(false);
}

Result<void> SqliteMedium::prepare_writer() {
  Writer& w = writer_;
  SLUICE_TRY(w.connection, Connection::open(path_, vfs_.name()));
  SLUICE_CHECK(prepare_database(w.connection, path_, options_.durability));
  SLUICE_CHECK(w.connection.keep_log(true));
  w.connection.watch_log(log_pages_);
  SLUICE_CHECK(w.jobs.open(w.connection));
  return w.connection.prepare_all(
      {{&w.begin, "BEGIN IMMEDIATE"},
       {&w.commit, "COMMIT"},
       {&w.rollback, "ROLLBACK"},
       {&w.add_namespace, "INSERT INTO namespaces(name) VALUES(?1) ON CONFLICT DO NOTHING"},
       {&w.find_namespace, "SELECT id FROM namespaces WHERE name = ?1"},
       {&w.set_version, "UPDATE namespaces SET version = ?2 WHERE id = ?1"},
       {&w.put,
        "INSERT INTO data(namespace, key, value) VALUES(?1, ?2, ?3) "
        "ON CONFLICT DO UPDATE SET value = excluded.value"},
       {&w.erase, "DELETE FROM data WHERE namespace = ?1 AND key = ?2"},
       {&w.put_document,
        "INSERT INTO documents(collection, key, value, version) VALUES(?1, ?2, ?3, ?4) "
        "ON CONFLICT DO UPDATE SET value = excluded.value, version = excluded.version"},
       {&w.erase_document, "DELETE FROM documents WHERE collection = ?1 AND key = ?2"},
       {&w.set_cycle, "UPDATE store SET cycle = ?1"},
       {&w.count_documents,
        "UPDATE store SET documents = documents + 1, versioned = documents + 1"},
       {&w.documents_version, "SELECT documents FROM store"},
       {&w.document_version, "SELECT version FROM documents WHERE collection = ?1 AND key = ?2"},
       {&w.add_prefix,
        "INSERT INTO prefixes(namespace, prefix) VALUES(?1, ?2) ON CONFLICT DO NOTHING"}});
}

Result<void> SqliteMedium::make_ready() {
  if (!damage_.empty()) return fail(ErrorKind::internal, damage_);
  SLUICE_CHECK(watch_.check());
  if (!reopen_) return {};
  SLUICE_CHECK(prepare_writer());
  reopen_ = false;
  return {};
}

template <class Work>
Result<void> SqliteMedium::change(const Version& versions, Work work) {
  const MutexLock lock(writer_mutex_);
  auto result = make_ready();
  if (result) result = work();
  checkpointer_.log_holds(log_pages_);
  if (result) {
    note_cycle();
    SLUICE_CHECK(watch_.check());  // data written to a removed file is lost
    if (versions > 0) SLUICE_CHECK(mark_.tell(versions));
    return {};
  }
  next_cycle_ = 0;
  ids_.clear();
  reopen_ = true;
  if (damage_.empty() && writer_.connection.found_damage()) damage_ = result.error().message;
  return result;
}

Result<void> SqliteMedium::check() {
  const MutexLock lock(writer_mutex_);
  if (!damage_.empty()) return fail(ErrorKind::internal, damage_);
  return watch_.check();
}

template <class Work>
Result<void> SqliteMedium::transact(Work work) {
  Connection& connection = writer_.connection;
  auto result = connection.run(writer_.begin);
  if (result) result = work();
  if (result) result = connection.run(writer_.commit);
  if (!result) (void)connection.run(writer_.rollback);  // fails if SQLite has already rolled back
  return result;
}

// See mark.h: the database must have this cycle before the next log begins.
Result<void> SqliteMedium::raise_cycle() {
  if (mark_.logs_begun() == logs_begun_) return {};
  writer_.set_cycle.integer(1, static_cast<std::int64_t>(cycle_ + 1));
  SLUICE_CHECK(writer_.connection.run(writer_.set_cycle));
  next_cycle_ = cycle_ + 1;
  return {};
}

void SqliteMedium::note_cycle() {
  if (next_cycle_ == 0) return;
  cycle_ = std::exchange(next_cycle_, 0);
  logs_begun_ = mark_.logs_begun();
  mark_.set_cycle(cycle_);
}

Result<void> SqliteMedium::write(std::span<Batch> group) {
  Version versions = 0;
  for (const Batch& batch : group) versions += batch.last->version - batch.after->version;
  return change(versions, [&] {
    writer_mutex_.assert_held();
    return transact([&]() -> Result<void> {
      writer_mutex_.assert_held();
      SLUICE_CHECK(raise_cycle());
      for (const Batch& batch : group) SLUICE_CHECK(write_batch(batch));
      return {};
    });
  });
}

Result<void> SqliteMedium::write_batch(const Batch& batch) {
  SLUICE_TRY(const std::int64_t id, namespace_id(batch.ns));
  const Node* node = batch.after;
  do {
    node = node->next.load(std::memory_order_acquire);
    for (const Write& write : node->writes) SLUICE_CHECK(write_one(id, write));
    if (node->bulk) SLUICE_CHECK(writer_.jobs.commit(id, *node->bulk));
  } while (node != batch.last);
  writer_.set_version.integer(1, id).integer(2, static_cast<std::int64_t>(node->version));
  return writer_.connection.run(writer_.set_version);
}

Result<void> SqliteMedium::write_one(std::int64_t id, const Write& write) {
  const std::string_view key = write.record->key();
  if (write.op == Op::erase) {
    SLUICE_CHECK(writer_.jobs.erase(id, key));
    writer_.erase.integer(1, id).blob(2, key);
    return writer_.connection.run(writer_.erase);
  }
  SLUICE_TRY(const bool written, writer_.jobs.put(id, key, write.record->value()));
  if (written) return {};
  writer_.put.integer(1, id).blob(2, key).blob(3, write.record->value());
  return writer_.connection.run(writer_.put);
}

// No run waits for a step. The next group's sync, at the latest that of the job's commit, makes it
// durable (by WalVfs, even if a sync in between fails). A sync per step would only delay the
// groups.
template <class Work>
Result<void> SqliteMedium::take_step(Work work) {
  const Duration begin = cpu_time();
  SLUICE_CHECK(set_sync(writer_.connection, Durability::process));
  auto result = transact(std::move(work));
  const auto restored = set_sync(writer_.connection, options_.durability);
  writer_.jobs.adapt(cpu_time() - begin);
  return result ? restored : result;
}

Result<bool> SqliteMedium::stage(std::string_view ns, Bulk& bulk) {
  bool done = false;
  const std::pair before(bulk.job, bulk.staged);
  const auto result = change([&] {
    writer_mutex_.assert_held();
    return take_step([&]() -> Result<void> {
      writer_mutex_.assert_held();
      SLUICE_TRY(const std::int64_t id, namespace_id(ns));
      SLUICE_TRY(done, writer_.jobs.stage(id, bulk));
      return {};
    });
  });
  if (result) return done;
  std::tie(bulk.job, bulk.staged) = before;
  return std::unexpected(result.error());
}

void SqliteMedium::drop_staged(const Bulk& bulk) {
  const MutexLock lock(writer_mutex_);
  if (bulk.job != 0) writer_.jobs.drop(bulk.job);
}

Result<bool> SqliteMedium::finish_some() {
  {
    const MutexLock lock(writer_mutex_);
    // After a failure, the next connection knows what is left.
    if (!reopen_ && !writer_.jobs.has_work()) return false;
  }
  SLUICE_CHECK(change([&] {
    writer_mutex_.assert_held();
    return take_step([&] {
      writer_mutex_.assert_held();
      return writer_.jobs.finish_some();
    });
  }));
  const MutexLock lock(writer_mutex_);
  return writer_.jobs.has_work();
}

Result<std::int64_t> SqliteMedium::namespace_id(std::string_view ns) {
  const auto [known, is_new] = ids_.try_emplace(std::string(ns), 0);
  if (!is_new && known->second != 0) return known->second;
  writer_.add_namespace.text(1, ns);
  SLUICE_CHECK(writer_.connection.run(writer_.add_namespace));
  const ResetGuard guard(writer_.find_namespace);
  const int code = writer_.find_namespace.text(1, ns).step();
  if (code != SQLITE_ROW) return std::unexpected(writer_.connection.error(code));
  return known->second = writer_.find_namespace.column_integer(0);
}

std::expected<Version, DocumentFailure> SqliteMedium::change_documents(
    std::span<const DocumentChange> changes) {
  std::optional<DocumentFailure> refusal;
  Version version = 0;
  Version told = 0;
  const auto changed = change(told, [&] {
    writer_mutex_.assert_held();
    return transact([&]() -> Result<void> {
      writer_mutex_.assert_held();
      SLUICE_TRY(refusal, check_documents(changes));
      if (refusal) return {};
      SLUICE_TRY(version, make_changes(changes));
      told = 1;
      return {};
    });
  });
  if (!changed) return std::unexpected(DocumentFailure{changed.error(), std::nullopt});
  if (refusal) return std::unexpected(*std::move(refusal));
  return version;
}

Result<std::optional<DocumentFailure>> SqliteMedium::check_documents(
    std::span<const DocumentChange> changes) {
  for (const DocumentChange& change : changes) {
    if (!change.expected) continue;
    Statement& find = writer_.document_version;
    const ResetGuard guard(find);
    const int code = find.text(1, change.collection).text(2, change.key).step();
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
      return std::unexpected(writer_.connection.error(code));
    }
    const auto there = code == SQLITE_ROW ? static_cast<Version>(find.column_integer(0)) : 0;
    if (there != *change.expected) return refuse(change, there).error();
  }
  return std::nullopt;
}

Result<Version> SqliteMedium::make_changes(std::span<const DocumentChange> changes) {
  SLUICE_CHECK(writer_.connection.run(writer_.count_documents));
  Version version = 0;
  {
    const ResetGuard guard(writer_.documents_version);
    const int code = writer_.documents_version.step();
    if (code != SQLITE_ROW) return std::unexpected(writer_.connection.error(code));
    version = static_cast<Version>(writer_.documents_version.column_integer(0));
  }
  for (const DocumentChange& change : changes) SLUICE_CHECK(change_document(change, version));
  return version;
}

Result<void> SqliteMedium::change_document(const DocumentChange& change, Version version) {
  Statement& statement = change.value ? writer_.put_document : writer_.erase_document;
  statement.text(1, change.collection).text(2, change.key);
  if (change.value) statement.text(3, *change.value).integer(4, static_cast<std::int64_t>(version));
  return writer_.connection.run(statement);
}

Result<void> SqliteMedium::add_prefix(const std::string& ns, const std::string& prefix) {
  return change([&] {
    writer_mutex_.assert_held();
    writer_.add_prefix.text(1, ns).blob(2, prefix);
    return writer_.connection.run(writer_.add_prefix);
  });
}

Result<std::unique_ptr<Store>> open_embedded_store(const std::string& directory,
                                                   unsigned core_count, Logger logger,
                                                   Limits limits, Durability durability,
                                                   Presence presence) {
  SLUICE_TRY(auto medium,
             SqliteMedium::open(
                 directory, {.durability = durability, .presence = presence, .logger = logger}));
  return std::make_unique<ChainStore>(std::move(medium), core_count, std::move(logger), limits);
}

}  // namespace sluice::store
