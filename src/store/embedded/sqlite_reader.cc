// SPDX-License-Identifier: Apache-2.0
// The reading half of SqliteMedium: each call sees one snapshot of the file and holds up no writer.
#include "store/embedded/sqlite_medium.h"

namespace sluice::store {
namespace {

struct ToPrepare {
  Statement* statement;
  const char* sql;
};

}  // namespace

Result<SqliteMedium::Reader> SqliteMedium::open_reader() const {
  Reader r;
  SLUICE_TRY(r.connection, Connection::open(path_, options_.vfs));
  SLUICE_CHECK(r.connection.execute("PRAGMA query_only = 1"));
  const ToPrepare list[] = {
      {&r.begin, "BEGIN"},
      {&r.commit, "COMMIT"},
      {&r.find_namespace, "SELECT id, version FROM namespaces WHERE name = ?1"},
      {&r.all, "SELECT key, value FROM data WHERE namespace = ?1"},
      {&r.list, "SELECT key, value FROM data WHERE namespace = ?1 AND key >= ?2 ORDER BY key"},
      {&r.list_after, "SELECT key, value FROM data WHERE namespace = ?1 AND key > ?2 ORDER BY key"},
      {&r.count, "SELECT count(*) FROM data WHERE namespace = ?1 AND key >= ?2"},
      {&r.count_range, "SELECT count(*) FROM data WHERE namespace = ?1 AND key >= ?2 AND key < ?3"},
      {&r.documents, "SELECT key, value FROM documents WHERE collection = ?1 ORDER BY key"}};
  for (const auto& [statement, sql] : list) {
    SLUICE_TRY(*statement, r.connection.prepare(sql));
  }
  return r;
}

Result<SqliteMedium::Found> SqliteMedium::find(Reader& reader, std::string_view ns) {
  Statement& find = reader.find_namespace;
  const ResetGuard guard(find);
  const int code = find.text(1, ns).step();
  if (code == SQLITE_DONE) return Found{};
  if (code != SQLITE_ROW) return std::unexpected(reader.connection.error(code));
  return Found{find.column_integer(0), static_cast<Version>(find.column_integer(1))};
}

Result<Version> SqliteMedium::version(const std::string& ns) {
  const std::lock_guard lock(reader_mutex_);
  SLUICE_TRY(const Found found, find(reader_, ns));
  return found.version;
}

Result<Version> SqliteMedium::load(const std::string& ns, const Visit& visit) {
  const std::lock_guard lock(reader_mutex_);
  SLUICE_CHECK(reader_.connection.run(reader_.begin));  // the version and the data: one snapshot
  const auto found = find(reader_, ns);
  const auto read = found ? read_all(found->id, visit) : Result<void>();
  const auto committed = reader_.connection.run(reader_.commit);
  if (!found) return std::unexpected(found.error());
  if (!read) return std::unexpected(read.error());
  if (!committed) return std::unexpected(committed.error());
  return found->version;
}

Result<void> SqliteMedium::read_all(std::int64_t id, const Visit& visit) {
  Statement& all = reader_.all;
  const ResetGuard guard(all);
  all.integer(1, id);
  int code = SQLITE_OK;
  while ((code = all.step()) == SQLITE_ROW) visit(all.column_bytes(0), all.column_bytes(1));
  if (code != SQLITE_DONE) return std::unexpected(reader_.connection.error(code));
  return {};
}

Result<Page> SqliteMedium::list(const std::string& ns, std::string_view prefix,
                                std::string_view after, std::size_t limit) {
  const std::lock_guard lock(reader_mutex_);
  SLUICE_TRY(const Found found, find(reader_, ns));
  const bool from_start = after.empty() || after < prefix;
  Statement& list = from_start ? reader_.list : reader_.list_after;
  const ResetGuard guard(list);
  list.integer(1, found.id).blob(2, from_start ? prefix : after);
  Page page;
  std::size_t bytes = 0;
  int code = SQLITE_OK;
  while ((code = list.step()) == SQLITE_ROW) {
    const std::string_view key = list.column_bytes(0);
    if (!key.starts_with(prefix)) return page;
    if (page.entries.size() >= limit || bytes >= kPageBytesMax) {
      page.more = true;
      return page;
    }
    const std::string_view value = list.column_bytes(1);
    page.entries.push_back({std::string(key), std::string(value)});
    bytes += key.size() + value.size();
  }
  if (code != SQLITE_DONE) return std::unexpected(reader_.connection.error(code));
  return page;
}

// On a connection of its own: it may take as long as a client takes to read a million entries.
Result<Version> SqliteMedium::scan(const std::string& ns, std::string_view prefix,
                                   const Store::Visit& visit) {
  SLUICE_TRY(Reader reader, open_reader());
  SLUICE_CHECK(reader.connection.run(reader.begin));  // ends with the connection
  SLUICE_TRY(const Found found, find(reader, ns));
  Statement& list = reader.list;
  list.integer(1, found.id).blob(2, prefix);
  int code = SQLITE_OK;
  while ((code = list.step()) == SQLITE_ROW) {
    const std::string_view key = list.column_bytes(0);
    if (!key.starts_with(prefix) || !visit(key, list.column_bytes(1))) return found.version;
  }
  if (code != SQLITE_DONE) return std::unexpected(reader.connection.error(code));
  return found.version;
}

Result<std::uint64_t> SqliteMedium::count(const std::string& ns, std::string_view prefix) {
  const std::lock_guard lock(reader_mutex_);
  SLUICE_TRY(const Found found, find(reader_, ns));
  const std::string end = end_of_prefix(prefix);
  Statement& count = end.empty() ? reader_.count : reader_.count_range;
  const ResetGuard guard(count);
  count.integer(1, found.id).blob(2, prefix);
  if (!end.empty()) count.blob(3, end);
  const int code = count.step();
  if (code != SQLITE_ROW) return std::unexpected(reader_.connection.error(code));
  return static_cast<std::uint64_t>(count.column_integer(0));
}

Result<std::vector<Entry>> SqliteMedium::documents(std::string_view collection) {
  const std::lock_guard lock(reader_mutex_);
  Statement& documents = reader_.documents;
  const ResetGuard guard(documents);
  documents.text(1, collection);
  std::vector<Entry> entries;
  int code = SQLITE_OK;
  while ((code = documents.step()) == SQLITE_ROW) {
    entries.push_back(
        {std::string(documents.column_bytes(0)), std::string(documents.column_bytes(1))});
  }
  if (code != SQLITE_DONE) return std::unexpected(reader_.connection.error(code));
  return entries;
}

}  // namespace sluice::store
