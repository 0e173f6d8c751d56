// SPDX-License-Identifier: Apache-2.0
#include "store/embedded/schema.h"

namespace sluice::store {
namespace {

constexpr std::int64_t kApplicationId = 0x534c5549;  // "SLUI"
constexpr std::int64_t kSchemaVersion = 2;

// One transaction: a crash leaves all of it or an empty file.
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

}  // namespace

Result<void> prepare_database(Connection& connection, const std::string& path) {
  SLUICE_TRY(const auto tables, connection.integer("SELECT count(*) FROM sqlite_schema"));
  SLUICE_TRY(const auto application, connection.integer("PRAGMA application_id"));
  const bool is_new = tables == 0 && application == 0;
  if (!is_new) SLUICE_CHECK(check_owner(connection, path));
  SLUICE_CHECK(
      connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                         "PRAGMA journal_size_limit = 67108864;"));
  if (is_new) SLUICE_CHECK(connection.execute(kCreate));
  SLUICE_TRY(const auto version, connection.integer("PRAGMA user_version"));
  if (version < 2) SLUICE_CHECK(connection.execute(kUpgrade));
  return {};
}

}  // namespace sluice::store
