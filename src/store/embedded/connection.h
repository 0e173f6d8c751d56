// SPDX-License-Identifier: Apache-2.0
// RAII over SQLite. Only this folder uses SQLite. One thread at a time.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::store {

// A prepared statement. Requires: bound bytes stay valid until reset().
class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  Statement& blob(int index, std::string_view bytes);
  Statement& text(int index, std::string_view bytes);
  Statement& integer(int index, std::int64_t value);
  // SQLITE_ROW, SQLITE_DONE or an error. Also returns the error of a failed bind.
  [[nodiscard]] int step();
  void reset();
  // A column of the current row. Valid until the next step() or reset().
  [[nodiscard]] std::string_view column_bytes(int column) const;
  [[nodiscard]] std::int64_t column_integer(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  void bound(int code) {
    if (code != SQLITE_OK) bind_error_ = code;
  }
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bind_error_ = SQLITE_OK;
};

// Resets the statement at the end of the scope, so that no read transaction stays open.
class ResetGuard {
 public:
  explicit ResetGuard(Statement& statement) : statement_(statement) {}
  ~ResetGuard() { statement_.reset(); }
  ResetGuard(const ResetGuard&) = delete;
  ResetGuard& operator=(const ResetGuard&) = delete;

 private:
  Statement& statement_;
};

// Translates an SQLite error of a file operation into an Error with advice. `system_error`: errno.
[[nodiscard]] Error file_error(const std::string& path, int code, int system_error);

class Connection {
 public:
  Connection() = default;
  // `vfs`: the name of the SQLite VFS; null for the default.
  [[nodiscard]] static Result<Connection> open(const std::string& path, const char* vfs = nullptr);
  // Reads the file as it is, without its log.
  [[nodiscard]] static Result<Connection> open_without_log(const std::string& path,
                                                           const char* vfs = nullptr);

  [[nodiscard]] Result<Statement> prepare(const char* sql);
  // Prepares each statement of the list from the text beside it. Stops at the first error.
  struct ToPrepare {
    Statement* statement;
    const char* sql;
  };
  [[nodiscard]] Result<void> prepare_all(std::initializer_list<ToPrepare> list);
  [[nodiscard]] Result<void> execute(const char* sql);
  // The first column of the first row; 0 without a row.
  [[nodiscard]] Result<std::int64_t> integer(const char* sql);
  // The same, as text.
  [[nodiscard]] Result<std::string> text(const char* sql);
  // Runs a statement that has no rows, and resets it.
  [[nodiscard]] Result<void> run(Statement& statement);
  // Makes every commit of this connection store the number of log (WAL) pages in `pages`, and
  // disables automatic checkpoints. `pages` outlives the connection.
  void watch_log(int& pages);
  // Copies as much of the log into the file as possible, without blocking others. True if all of it
  // is in the file and on disk.
  bool checkpoint();
  // Whether the log survives the close of the last connection. By default SQLite copies it into the
  // file and removes it, without checking that they belong together.
  [[nodiscard]] Result<void> keep_log(bool keep);
  // How many rows the last statement has inserted, changed or removed.
  [[nodiscard]] std::int64_t changes() const { return sqlite3_changes64(database_.get()); }
  // Translates an SQLite error into an Error that names the file and the remedy.
  [[nodiscard]] Error error(int code) const;
  // True if an error so far reported damage of the file.
  [[nodiscard]] bool found_damage() const { return found_damage_; }

 private:
  [[nodiscard]] static Result<Connection> open(const std::string& path, const std::string& name,
                                               int flags, const char* vfs);
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  };
  std::unique_ptr<sqlite3, Close> database_;
  std::string path_;
  mutable bool found_damage_ = false;
};

}  // namespace sluice::store
