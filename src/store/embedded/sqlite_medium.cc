// SPDX-License-Identifier: Apache-2.0
#include "store/embedded/sqlite_medium.h"

#include <initializer_list>

#include "store/chain_store.h"
#include "store/embedded/schema.h"
#include "store/embedded/wal_check.h"

namespace sluice::store {
namespace {

struct ToPrepare {
  Statement* statement;
  const char* sql;
};

Result<void> prepare_all(Connection& connection, std::initializer_list<ToPrepare> list) {
  for (const auto& [statement, sql] : list) {
    SLUICE_TRY(*statement, connection.prepare(sql));
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Medium>> SqliteMedium::open(const std::string& directory, Options options) {
  SLUICE_TRY(DirectoryLock lock, DirectoryLock::take(directory));
  std::unique_ptr<SqliteMedium> medium(
      new SqliteMedium(std::move(lock), directory + "/sluice.db", options));
  SLUICE_CHECK(medium->start(directory));
  return medium;
}

Result<void> SqliteMedium::start(const std::string& directory) {
  SLUICE_CHECK(ensure_database(path_, options_.vfs));
  SLUICE_CHECK(settle_wal(path_, options_.vfs));
  SLUICE_CHECK(prepare_writer());
  SLUICE_CHECK(check_structure(writer_.connection, path_));
  SLUICE_TRY(reader_, open_reader());
  const std::string restore =
      "stop the server, restore the data directory from a backup and start it again";
  SLUICE_CHECK(watch_.add(path_, restore));
  SLUICE_CHECK(watch_.add(path_ + "-wal", "stop the server (not with kill -9) and start it again"));
  SLUICE_CHECK(watch_.add(path_ + "-shm", "stop the server and start it again"));
  return watch_.add(directory + "/sluice.lock", "stop the server and start it again");
}

Result<void> SqliteMedium::prepare_writer() {
  Writer& w = writer_;
  SLUICE_TRY(w.connection, Connection::open(path_, options_.vfs));
  SLUICE_CHECK(prepare_database(w.connection, path_, options_.durability));
  return prepare_all(
      w.connection,
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
       {&w.clear, "DELETE FROM data WHERE namespace = ?1 AND key >= ?2"},
       {&w.clear_range, "DELETE FROM data WHERE namespace = ?1 AND key >= ?2 AND key < ?3"},
       {&w.put_document,
        "INSERT INTO documents(collection, key, value) VALUES(?1, ?2, ?3) "
        "ON CONFLICT DO UPDATE SET value = excluded.value"},
       {&w.erase_document, "DELETE FROM documents WHERE collection = ?1 AND key = ?2"}});
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
Result<void> SqliteMedium::change(Work work) {
  const std::lock_guard lock(writer_mutex_);
  auto result = make_ready();
  if (result) result = work();
  if (result) return watch_.check();  // what went into a file that is gone is not safe
  ids_.clear();
  reopen_ = true;
  if (damage_.empty() && writer_.connection.found_damage()) damage_ = result.error().message;
  return result;
}

Result<void> SqliteMedium::check() {
  const std::lock_guard lock(writer_mutex_);
  if (!damage_.empty()) return fail(ErrorKind::internal, damage_);
  return watch_.check();
}

Result<void> SqliteMedium::write(std::span<const Batch> group) {
  return change([&] { return write_group(group); });
}

Result<void> SqliteMedium::write_group(std::span<const Batch> group) {
  Connection& connection = writer_.connection;
  auto result = connection.run(writer_.begin);
  for (auto batch = group.begin(); result && batch != group.end(); ++batch) {
    result = write_batch(*batch);
  }
  if (result) result = connection.run(writer_.commit);
  if (!result) (void)connection.run(writer_.rollback);  // SQLite may have done it already
  return result;
}

Result<void> SqliteMedium::write_batch(const Batch& batch) {
  SLUICE_TRY(const std::int64_t id, namespace_id(batch.ns));
  const Node* node = batch.after;
  do {
    node = node->next.load(std::memory_order_acquire);
    for (const Write& write : node->writes) SLUICE_CHECK(write_one(id, write));
  } while (node != batch.last);
  writer_.set_version.integer(1, id).integer(2, static_cast<std::int64_t>(node->version));
  return writer_.connection.run(writer_.set_version);
}

Result<void> SqliteMedium::write_one(std::int64_t id, const Write& write) {
  const std::string_view key = write.record->key();
  switch (write.op) {
    case Op::put:
      writer_.put.integer(1, id).blob(2, key).blob(3, write.record->value());
      return writer_.connection.run(writer_.put);
    case Op::erase:
      writer_.erase.integer(1, id).blob(2, key);
      return writer_.connection.run(writer_.erase);
    case Op::clear:
      break;
  }
  const std::string end = end_of_prefix(key);
  Statement& clear = end.empty() ? writer_.clear : writer_.clear_range;
  clear.integer(1, id).blob(2, key);
  if (!end.empty()) clear.blob(3, end);
  return writer_.connection.run(clear);
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

Result<void> SqliteMedium::put_document(std::string_view collection, const Entry& document) {
  return change([&] {
    writer_.put_document.text(1, collection).text(2, document.key).text(3, document.value);
    return writer_.connection.run(writer_.put_document);
  });
}

Result<void> SqliteMedium::erase_document(std::string_view collection, std::string_view key) {
  return change([&] {
    writer_.erase_document.text(1, collection).text(2, key);
    return writer_.connection.run(writer_.erase_document);
  });
}

Result<std::unique_ptr<Store>> open_embedded_store(const std::string& directory,
                                                   unsigned core_count, Logger logger,
                                                   Limits limits, Durability durability) {
  SLUICE_TRY(auto medium, SqliteMedium::open(directory, {.durability = durability}));
  return std::make_unique<ChainStore>(std::move(medium), core_count, std::move(logger), limits);
}

}  // namespace sluice::store
