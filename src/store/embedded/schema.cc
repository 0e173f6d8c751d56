// SPDX-License-Identifier: Apache-2.0
#include "store/embedded/schema.h"

#include <fcntl.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "base/descriptor.h"
#include "base/file.h"

namespace sluice::store {
namespace {

constexpr std::int64_t kApplicationId = 0x534c5549;  // "SLUI"
constexpr std::int64_t kSchemaVersion = 2;

// One transaction: after a crash the file has all of it, or is empty.
constexpr const char* kCreate = R"(
BEGIN IMMEDIATE;
CREATE TABLE namespaces(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
                        version INTEGER NOT NULL DEFAULT 0);
CREATE TABLE data(namespace INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL,
                  PRIMARY KEY(namespace, key)) WITHOUT ROWID;
CREATE TABLE documents(collection TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
                       PRIMARY KEY(collection, key)) WITHOUT ROWID;
PRAGMA application_id = 0x534c5549;
PRAGMA user_version = 1;
COMMIT;
)";

// Layout 2, for any file of layout 1: bulk changes under way (JobWriter) and the prefixes that
// guests count.
constexpr const char* kUpgrade = R"(
BEGIN IMMEDIATE;
CREATE TABLE jobs(id INTEGER PRIMARY KEY, namespace INTEGER NOT NULL, clear BLOB,
                  committed INTEGER NOT NULL DEFAULT 0);
CREATE TABLE staged(job INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL,
                    PRIMARY KEY(job, key)) WITHOUT ROWID;
CREATE TABLE prefixes(namespace TEXT NOT NULL, prefix BLOB NOT NULL,
                      PRIMARY KEY(namespace, prefix)) WITHOUT ROWID;
PRAGMA user_version = 2;
COMMIT;
)";

// For files of any layout: servers that do not know this table ignore it. One row.
constexpr const char* kCreateStore = R"(
CREATE TABLE IF NOT EXISTS store(id INTEGER PRIMARY KEY CHECK(id = 1), name TEXT NOT NULL,
                                 cycle INTEGER NOT NULL DEFAULT 0,
                                 documents INTEGER NOT NULL DEFAULT 0);
)";

// The versions of documents, for files of any layout: servers that do not know these columns ignore
// them. `versioned` is the count of changes (`documents`) up to which each document has its
// version. A server without document versions raises only `documents`.
struct AddedColumn {
  const char* table;
  const char* column;
  const char* add;
};
constexpr AddedColumn kAddedColumns[] = {
    {"documents", "version",
     "ALTER TABLE documents ADD COLUMN version INTEGER NOT NULL DEFAULT 0;"},
    {"store", "versioned", "ALTER TABLE store ADD COLUMN versioned INTEGER NOT NULL DEFAULT -1;"}};

// The last version is above each one that a document had before, so all documents may take it. The
// count is 0 with documents in the file if no server counted their changes.
constexpr const char* kVersionAll = R"(
BEGIN IMMEDIATE;
UPDATE store SET documents = max(documents, EXISTS(SELECT 1 FROM documents))
  WHERE versioned <> documents;
UPDATE documents SET version = (SELECT documents FROM store)
  WHERE (SELECT versioned <> documents FROM store);
UPDATE store SET versioned = documents WHERE versioned <> documents;
COMMIT;
)";

// Executes `sql`, one transaction. After an error, none is open.
Result<void> execute_whole(Connection& connection, const char* sql) {
  const auto done = connection.execute(sql);
  if (!done) (void)connection.execute("ROLLBACK");  // fails if SQLite has already rolled back
  return done;
}

Result<void> check_owner(Connection& connection, const std::string& path) {
  SLUICE_TRY(const auto application, connection.integer("PRAGMA application_id"));
  SLUICE_TRY(const auto version, connection.integer("PRAGMA user_version"));
  if (application != kApplicationId) {
    return fail(ErrorKind::internal,
                path + " is a database of another program: give the server another data directory");
  }
  if (version > kSchemaVersion) {
    return fail(ErrorKind::internal,
                path + " was written by a newer version of the server (layout " +
                    std::to_string(version) + ", known here: " + std::to_string(kSchemaVersion) +
                    "): run that one");
  }
  return {};
}

Error system_error(const std::string& path, const char* what) {
  return {ErrorKind::internal, path + " cannot be " + what + ": " +
                                   std::generic_category().message(errno) +
                                   ": look at the data directory and its disk"};
}

// SQLite would make the file world-readable. The log and other companions take the mode of the
// file.
Result<void> create_private(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  return file.is_open() ? Result<void>() : std::unexpected(system_error(path, "made"));
}

// Creates the database under another name first. So a file of the right name is complete after any
// crash.
Result<void> create_database(const std::string& path, const char* vfs) {
  const std::string fresh = path + ".new";
  for (const char* companion : {"", "-journal", "-wal", "-shm"}) {
    std::error_code ignored;
    std::filesystem::remove(fresh + companion, ignored);
  }
  SLUICE_CHECK(create_private(fresh));
  {
    SLUICE_TRY(Connection connection, Connection::open(fresh, vfs));
    SLUICE_CHECK(connection.execute("PRAGMA synchronous = FULL"));
    SLUICE_CHECK(connection.execute(kCreate));
  }
  if (std::rename(fresh.c_str(), path.c_str()) != 0) {
    return std::unexpected(system_error(path, "made"));
  }
  const std::string directory = std::filesystem::path(path).parent_path().string();
  if (!sync_directory(directory))
    return std::unexpected(system_error(directory, "written to disk"));
  return {};
}

std::uintmax_t file_size(const std::string& path) {
  std::error_code absent;
  const auto size = std::filesystem::file_size(path, absent);
  return absent ? 0 : size;
}

Result<bool> has_table(Connection& connection, const char* name) {
  SLUICE_TRY(Statement find,
             connection.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1"));
  const int code = find.text(1, name).step();
  if (code == SQLITE_ROW || code == SQLITE_DONE) return code == SQLITE_ROW;
  return std::unexpected(connection.error(code));
}

Result<bool> has_column(Connection& connection, const AddedColumn& added) {
  SLUICE_TRY(Statement find,
             connection.prepare("SELECT 1 FROM pragma_table_info(?1) WHERE name = ?2"));
  const int code = find.text(1, added.table).text(2, added.column).step();
  if (code == SQLITE_ROW || code == SQLITE_DONE) return code == SQLITE_ROW;
  return std::unexpected(connection.error(code));
}

Result<void> add_columns(Connection& connection) {
  std::string missing;
  for (const AddedColumn& added : kAddedColumns) {
    SLUICE_TRY(const bool known, has_column(connection, added));
    if (!known) missing += added.add;
  }
  if (missing.empty()) return {};
  return execute_whole(connection, ("BEGIN IMMEDIATE;" + missing + "COMMIT;").c_str());
}

constexpr const char* kCycle = "SELECT cycle FROM store";

Result<void> look_inside(Connection& connection, FoundStore& found) {
  SLUICE_TRY(const auto versions, connection.integer("SELECT sum(version) FROM namespaces"));
  found.told = static_cast<Version>(versions);
  SLUICE_TRY(const bool has_row, has_table(connection, "store"));
  if (!has_row) return {};
  SLUICE_TRY(found.name, connection.text("SELECT name FROM store"));
  SLUICE_TRY(const auto cycle, connection.integer(kCycle));
  SLUICE_TRY(const auto documents, connection.integer("SELECT documents FROM store"));
  found.cycle = static_cast<std::uint64_t>(cycle);
  found.told += static_cast<Version>(documents);
  return {};
}

// A crash in the middle of a checkpoint leaves pages of two states. The row is on a single page, so
// an error here proves nothing.
std::optional<std::uint64_t> cycle_without_log(const std::string& path, const char* vfs) {
  auto connection = Connection::open_without_log(path, vfs);
  if (!connection) return std::nullopt;
  const auto cycle = connection->integer(kCycle);
  return cycle ? std::optional<std::uint64_t>(static_cast<std::uint64_t>(*cycle)) : std::nullopt;
}

}  // namespace

Result<FoundStore> look_at_store(const std::string& path, const char* vfs) {
  FoundStore found;
  found.size = file_size(path);
  found.file_cycle = cycle_without_log(path, vfs);
  SLUICE_TRY(Connection connection, Connection::open(path, vfs));
  SLUICE_CHECK(connection.keep_log(true));
  SLUICE_CHECK(check_owner(connection, path));
  SLUICE_CHECK(check_structure(connection, path));
  SLUICE_CHECK(look_inside(connection, found));
  return found;
}

Result<bool> ensure_database(const std::string& path, const char* vfs) {
  std::error_code unknown;
  const bool exists = std::filesystem::exists(path, unknown);
  if (exists && file_size(path) > 0) return false;
  if (!exists && file_size(path + "-wal") == 0) {
    SLUICE_CHECK(create_database(path, vfs));
    return true;
  }
  return fail(ErrorKind::internal,
              path + (exists ? " is empty" : " is missing, but its log " + path + "-wal is there") +
                  ": restore the data directory from a backup; to begin with nothing, remove "
                  "sluice.db, sluice.db-wal and sluice.db-mark");
}

Result<void> name_database(const std::string& path, const char* vfs, const std::string& name) {
  SLUICE_TRY(Connection connection, Connection::open(path, vfs));
  SLUICE_CHECK(connection.execute("PRAGMA synchronous = FULL"));
  const std::string all = std::string("BEGIN IMMEDIATE;") + kCreateStore +
                          "INSERT INTO store(id, name) VALUES(1, '" + name + "'); COMMIT;";
  return connection.execute(all.c_str());
}

Result<void> prepare_database(Connection& connection, const std::string& path,
                              Durability durability) {
  SLUICE_CHECK(check_owner(connection, path));
  SLUICE_CHECK(
      connection.execute("PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = 67108864;"));
  SLUICE_CHECK(set_sync(connection, durability));
  SLUICE_TRY(const auto version, connection.integer("PRAGMA user_version"));
  if (version < 2) SLUICE_CHECK(execute_whole(connection, kUpgrade));
  SLUICE_CHECK(connection.execute(kCreateStore));
  return add_columns(connection);
}

Result<Version> version_documents(Connection& connection) {
  constexpr const char* kChanges = "SELECT documents FROM store";
  SLUICE_TRY(const auto before, connection.integer(kChanges));
  SLUICE_CHECK(execute_whole(connection, kVersionAll));
  SLUICE_TRY(const auto after, connection.integer(kChanges));
  return static_cast<Version>(after - before);
}

Result<void> set_sync(Connection& connection, Durability durability) {
  return connection.execute(durability == Durability::disk ? "PRAGMA synchronous = FULL"
                                                           : "PRAGMA synchronous = NORMAL");
}

Result<void> check_structure(Connection& connection, const std::string& path) {
  SLUICE_TRY(const std::string found, connection.text("PRAGMA quick_check(1)"));
  if (found == "ok") return {};
  return fail(ErrorKind::internal,
              path + ": the file is damaged: restore the data directory from a backup (" +
                  found.substr(0, found.find('\n')) + ")");
}

}  // namespace sluice::store
