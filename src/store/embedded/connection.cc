// SPDX-License-Identifier: Apache-2.0
#include "store/embedded/connection.h"

#include <cerrno>
#include <system_error>

#include "base/text.h"

namespace sluice::store {
namespace {

constexpr const char* kDamagedAdvice =
    "the file is damaged or no database: stop the server and restore the data directory from a "
    "backup";

struct Advice {
  ErrorKind kind;
  const char* text;
};

Advice advice_for(int code, int system_error) {
  if ((code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN) {
    if (system_error == EROFS) {
      return {ErrorKind::unavailable, "mount its file system for writing"};
    }
    if (system_error == ENOSPC || system_error == EDQUOT) {
      return {ErrorKind::unavailable, "free some space on its disk"};
    }
  }
  switch (code & 0xff) {
    case SQLITE_FULL:
      return {ErrorKind::unavailable, "free some space on its disk"};
    case SQLITE_IOERR:
      return {ErrorKind::unavailable, "look at its disk: full, over a quota, or failing"};
    case SQLITE_READONLY:
      return {ErrorKind::unavailable,
              "mount its file system for writing, or let the server's user write to the file"};
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return {ErrorKind::unavailable, "let the server's user write to the file and its directory"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {ErrorKind::unavailable, "another program holds it: end that one"};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {ErrorKind::internal, kDamagedAdvice};
    default:
      return {ErrorKind::internal, "unexpected"};
  }
}

std::string describe(int code, int system_error) {
  std::string what = sqlite3_errstr(code);
  const int group = code & 0xff;
  if (system_error != 0 && (group == SQLITE_IOERR || group == SQLITE_CANTOPEN)) {
    what += " (" + std::generic_category().message(system_error) + ")";
  }
  return what;
}

std::string uri_of(const std::string& path) {
  std::string uri = "file:";
  for (const char c : path) {
    if (c == '?' || c == '#' || c == '%') {
      append_percent_encoded(uri, c);
    } else {
      uri += c;
    }
  }
  return uri;
}

}  // namespace

Error file_error(const std::string& path, int code, int system_error) {
  const Advice advice = advice_for(code, system_error);
  return Error{advice.kind, path + ": " + describe(code, system_error) + " [" +
                                std::to_string(code) + "]: " + advice.text};
}

Statement& Statement::blob(int index, std::string_view bytes) {
  // A null pointer would bind NULL instead of an empty blob.
  const char* data = bytes.empty() ? "" : bytes.data();
  bound(sqlite3_bind_blob64(statement_.get(), index, data, bytes.size(), nullptr));
  return *this;
}

Statement& Statement::text(int index, std::string_view bytes) {
  const char* data = bytes.empty() ? "" : bytes.data();
  bound(sqlite3_bind_text64(statement_.get(), index, data, bytes.size(), nullptr, SQLITE_UTF8));
  return *this;
}

Statement& Statement::integer(int index, std::int64_t value) {
  bound(sqlite3_bind_int64(statement_.get(), index, value));
  return *this;
}

int Statement::step() {
  return bind_error_ != SQLITE_OK ? bind_error_ : sqlite3_step(statement_.get());
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
  bind_error_ = SQLITE_OK;
}

std::string_view Statement::column_bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return size == 0
             ? std::string_view()
             : std::string_view(static_cast<const char*>(data), static_cast<std::size_t>(size));
}

std::int64_t Statement::column_integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

Result<Connection> Connection::open(const std::string& path, const char* vfs) {
  return open(path, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs);
}

Result<Connection> Connection::open_without_log(const std::string& path, const char* vfs) {
  return open(path, uri_of(path) + "?immutable=1", SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, vfs);
}

Result<Connection> Connection::open(const std::string& path, const std::string& name, int flags,
                                    const char* vfs) {
  Connection connection;
  connection.path_ = path;
  sqlite3* database = nullptr;
  const int code = sqlite3_open_v2(name.c_str(), &database,
                                   flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, vfs);
  connection.database_.reset(database);
  if (code != SQLITE_OK) return std::unexpected(connection.error(code));
  sqlite3_busy_timeout(database, 5'000);
  return connection;
}

Result<Statement> Connection::prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v3(database_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return std::unexpected(error(code));
  return Statement(statement);
}

Result<void> Connection::prepare_all(std::initializer_list<ToPrepare> list) {
  for (const auto& [statement, sql] : list) {
    SLUICE_TRY(*statement, prepare(sql));
  }
  return {};
}

Result<void> Connection::execute(const char* sql) {
  const int code = sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return std::unexpected(error(code));
  return {};
}

Result<std::int64_t> Connection::integer(const char* sql) {
  SLUICE_TRY(Statement statement, prepare(sql));
  const int code = statement.step();
  if (code == SQLITE_ROW) return statement.column_integer(0);
  if (code == SQLITE_DONE) return 0;
  return std::unexpected(error(code));
}

Result<std::string> Connection::text(const char* sql) {
  SLUICE_TRY(Statement statement, prepare(sql));
  const int code = statement.step();
  if (code == SQLITE_ROW) return std::string(statement.column_bytes(0));
  if (code == SQLITE_DONE) return std::string();
  return std::unexpected(error(code));
}

Result<void> Connection::run(Statement& statement) {
  const ResetGuard guard(statement);
  const int code = statement.step();
  if (code != SQLITE_DONE && code != SQLITE_ROW) return std::unexpected(error(code));
  return {};
}

void Connection::watch_log(int& pages) {
  const auto note = [](void* place, sqlite3*, const char*, int count) {
    *static_cast<int*>(place) = count;
    return SQLITE_OK;
  };
  sqlite3_wal_hook(database_.get(), note, &pages);
}

bool Connection::checkpoint() {
  int in_log = -1;
  int done = 0;
  const int code = sqlite3_wal_checkpoint_v2(database_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE,
                                             &in_log, &done);
  return code == SQLITE_OK && in_log >= 0 && in_log == done;
}

Result<void> Connection::keep_log(bool keep) {
  const int code =
      sqlite3_db_config(database_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep ? 1 : 0, nullptr);
  if (code != SQLITE_OK) return std::unexpected(error(code));
  return {};
}

Error Connection::error(int code) const {
  const int system_error = database_ ? sqlite3_system_errno(database_.get()) : 0;
  const Advice advice = advice_for(code, system_error);
  const int group = code & 0xff;
  found_damage_ |= group == SQLITE_CORRUPT || group == SQLITE_NOTADB;
  std::string what = sqlite3_errstr(code);
  if (database_) {
    const std::string detail = sqlite3_errmsg(database_.get());
    if (sqlite3_errcode(database_.get()) == code && detail != what) what += " (" + detail + ")";
  }
  if (system_error != 0 && (group == SQLITE_IOERR || group == SQLITE_CANTOPEN)) {
    what += " (" + std::generic_category().message(system_error) + ")";
  }
  return Error{advice.kind,
               path_ + ": " + what + " [" + std::to_string(code) + "]: " + advice.text};
}

}  // namespace sluice::store
