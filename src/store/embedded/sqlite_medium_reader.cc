// SPDX-License-Identifier: Apache-2.0
// The reading half of SqliteMedium. Each call sees one snapshot of the file and blocks no writer.
#include "store/embedded/sqlite_medium.h"

namespace sluice::store {

Result<SqliteMedium::ReadConnection> SqliteMedium::open_reader() const {
  ReadConnection r;
  SLUICE_TRY(r.connection, Connection::open(path_, vfs_.name()));
  SLUICE_CHECK(r.connection.keep_log(true));
  SLUICE_CHECK(r.connection.execute("PRAGMA query_only = 1"));
  SLUICE_CHECK(r.connection.prepare_all(
      {{&r.begin, "BEGIN"},
       {&r.commit, "COMMIT"},
       {&r.find_namespace,
        "SELECT n.id, n.version, j.id, j.clear IS NOT NULL, j.clear FROM namespaces n "
        "LEFT JOIN jobs j ON j.namespace = n.id AND j.committed = 1 WHERE n.name = ?1"},
       {&r.list, "SELECT key, value FROM data WHERE namespace = ?1 AND key >= ?2 ORDER BY key"},
       // Both halves are in key order, so SQLite merges them while they are read.
       {&r.merged,
        "SELECT key, value FROM data WHERE namespace = ?1 AND key >= ?2 "
        "AND (?4 = 0 OR key < ?5 OR (?4 = 1 AND key >= ?6)) "
        "AND NOT EXISTS(SELECT 1 FROM staged WHERE job = ?3 AND staged.key = data.key) "
        "UNION ALL SELECT key, value FROM staged WHERE job = ?3 AND key >= ?2 ORDER BY key"},
       {&r.count, "SELECT count(*) FROM data WHERE namespace = ?1 AND key >= ?2"},
       {&r.count_range,
        "SELECT count(*) FROM data WHERE namespace = ?1 AND key >= ?2 AND key < ?3"},
       {&r.documents,
        "SELECT key, value, version FROM documents WHERE collection = ?1 ORDER BY key"},
       {&r.documents_version, "SELECT documents FROM store"},
       {&r.namespaces, "SELECT name FROM namespaces ORDER BY name"},
       {&r.prefixes, "SELECT prefix FROM prefixes WHERE namespace = ?1"}}));
  return r;
}

Result<SqliteMedium::NamespaceRow> SqliteMedium::find(ReadConnection& reader, std::string_view ns) {
  Statement& find = reader.find_namespace;
  const ResetGuard guard(find);
  const int code = find.text(1, ns).step();
  if (code == SQLITE_DONE) return NamespaceRow{};
  if (code != SQLITE_ROW) return std::unexpected(reader.connection.error(code));
  NamespaceRow found{find.column_integer(0), static_cast<Version>(find.column_integer(1)),
                     find.column_integer(2), std::nullopt};
  if (find.column_integer(3) != 0) found.clear = find.column_bytes(4);
  return found;
}

Statement& SqliteMedium::entries(ReadConnection& reader, const NamespaceRow& found,
                                 std::string_view from) {
  if (found.job == 0) return reader.list.integer(1, found.id).blob(2, from);
  reader.clear_end = found.clear ? end_of_prefix(*found.clear) : std::string();
  reader.clear_begin = found.clear.value_or(std::string());
  Statement& merged = reader.merged;
  merged.integer(1, found.id).blob(2, from).integer(3, found.job);
  merged.integer(4, !found.clear ? 0 : reader.clear_end.empty() ? 2 : 1);
  return merged.blob(5, reader.clear_begin).blob(6, reader.clear_end);
}

template <class Work>
Result<Version> SqliteMedium::read(ReadConnection& reader, std::string_view ns, Work work) {
  SLUICE_CHECK(reader.connection.run(reader.begin));
  const auto found = find(reader, ns);
  const auto done = found ? work(*found) : Result<void>();
  const auto committed = reader.connection.run(reader.commit);
  if (!found) return noted(reader.connection, found.error());
  if (!done) return noted(reader.connection, done.error());
  if (!committed) return noted(reader.connection, committed.error());
  return found->version;
}

// A reader that finds damage stops the writer as well: no user may be admitted on a damaged file.
std::unexpected<Error> SqliteMedium::noted(const Connection& connection, Error error) {
  if (connection.found_damage()) {
    const MutexLock lock(writer_mutex_);
    if (damage_.empty()) damage_ = error.message;
  }
  return std::unexpected(std::move(error));
}

// each(key, value) -> bool: false ends the visit.
template <class Each>
Result<void> SqliteMedium::visit_entries(ReadConnection& reader, const NamespaceRow& found,
                                         std::string_view from, const Each& each) {
  Statement& list = entries(reader, found, from);
  const ResetGuard guard(list);
  int code = SQLITE_OK;
  while ((code = list.step()) == SQLITE_ROW) {
    if (!each(list.column_bytes(0), list.column_bytes(1))) return {};
  }
  if (code != SQLITE_DONE) return std::unexpected(reader.connection.error(code));
  return {};
}

Result<Version> SqliteMedium::version(const std::string& ns) {
  const MutexLock lock(reader_mutex_);
  SLUICE_TRY(const NamespaceRow found, find(reader_, ns));
  return found.version;
}

Result<Version> SqliteMedium::load(const std::string& ns, const Visit& visit) {
  const MutexLock lock(reader_mutex_);
  return read(reader_, ns, [&](const NamespaceRow& found) {
    reader_mutex_.assert_held();
    return visit_entries(reader_, found, {}, [&](std::string_view key, std::string_view value) {
      visit(key, value);
      return true;
    });
  });
}

Result<Page> SqliteMedium::list(const std::string& ns, std::string_view prefix,
                                std::string_view after, std::size_t limit) {
  // With a zero byte: the smallest string greater than `after`.
  const bool from_start = after.empty() || after < prefix;
  const std::string from = from_start ? std::string(prefix) : std::string(after) + '\0';
  Page page;
  std::size_t bytes = 0;
  const auto add = [&](std::string_view key, std::string_view value) {
    if (!key.starts_with(prefix)) return false;
    page.more = page.entries.size() >= limit || bytes >= kPageBytesMax;
    if (page.more) return false;
    page.entries.push_back({std::string(key), std::string(value)});
    bytes += key.size() + value.size();
    return true;
  };
  const MutexLock lock(reader_mutex_);
  SLUICE_CHECK(read(reader_, ns, [&](const NamespaceRow& found) {
    reader_mutex_.assert_held();
    return visit_entries(reader_, found, from, add);
  }));
  return page;
}

// Uses its own connection, because a client may read a million entries slowly.
Result<Version> SqliteMedium::scan(const std::string& ns, std::string_view prefix,
                                   const Store::Visit& visit) {
  SLUICE_TRY(ReadConnection reader, open_reader());
  return read(reader, ns, [&](const NamespaceRow& found) {
    return visit_entries(reader, found, prefix, [&](std::string_view key, std::string_view value) {
      return key.starts_with(prefix) && visit(key, value);
    });
  });
}

Result<std::uint64_t> SqliteMedium::count(const std::string& ns, std::string_view prefix) {
  std::uint64_t count = 0;
  const MutexLock lock(reader_mutex_);
  SLUICE_CHECK(read(reader_, ns, [&](const NamespaceRow& found) -> Result<void> {
    reader_mutex_.assert_held();
    if (found.job == 0) return count_data(found, prefix, count);
    return visit_entries(reader_, found, prefix, [&](std::string_view key, std::string_view) {
      return key.starts_with(prefix) && ++count > 0;
    });
  }));
  return count;
}

Result<void> SqliteMedium::count_data(const NamespaceRow& found, std::string_view prefix,
                                      std::uint64_t& result) {
  const std::string end = end_of_prefix(prefix);
  Statement& count = end.empty() ? reader_.count : reader_.count_range;
  const ResetGuard guard(count);
  count.integer(1, found.id).blob(2, prefix);
  if (!end.empty()) count.blob(3, end);
  const int code = count.step();
  if (code != SQLITE_ROW) return std::unexpected(reader_.connection.error(code));
  result = static_cast<std::uint64_t>(count.column_integer(0));
  return {};
}

Result<Documents> SqliteMedium::documents(std::string_view collection) {
  const MutexLock lock(reader_mutex_);
  Connection& connection = reader_.connection;
  SLUICE_CHECK(connection.run(reader_.begin));
  Documents documents;
  const int listed = list_documents(collection, documents);
  const auto committed = connection.run(reader_.commit);
  if (listed != SQLITE_DONE) return noted(connection, connection.error(listed));
  if (!committed) return noted(connection, committed.error());
  return documents;
}

// Returns SQLITE_DONE or an error.
int SqliteMedium::list_documents(std::string_view collection, Documents& documents) {
  Statement& version = reader_.documents_version;
  const ResetGuard version_guard(version);
  int code = version.step();
  if (code != SQLITE_ROW) return code;
  documents.version = static_cast<Version>(version.column_integer(0));
  Statement& list = reader_.documents;
  const ResetGuard guard(list);
  list.text(1, collection);
  while ((code = list.step()) == SQLITE_ROW) {
    documents.entries.push_back({std::string(list.column_bytes(0)),
                                 std::string(list.column_bytes(1)),
                                 static_cast<Version>(list.column_integer(2))});
  }
  return code;
}

Result<std::vector<std::string>> SqliteMedium::names_of(Statement& statement) {
  std::vector<std::string> names;
  int code = SQLITE_OK;
  while ((code = statement.step()) == SQLITE_ROW) names.emplace_back(statement.column_bytes(0));
  if (code != SQLITE_DONE) return noted(reader_.connection, reader_.connection.error(code));
  return names;
}

Result<std::vector<std::string>> SqliteMedium::prefixes(const std::string& ns) {
  const MutexLock lock(reader_mutex_);
  const ResetGuard guard(reader_.prefixes);
  return names_of(reader_.prefixes.text(1, ns));
}

Result<std::vector<std::string>> SqliteMedium::namespaces() {
  const MutexLock lock(reader_mutex_);
  const ResetGuard guard(reader_.namespaces);
  return names_of(reader_.namespaces);
}

}  // namespace sluice::store
