// SPDX-License-Identifier: Apache-2.0
// Covers: schema.cc
// A store file that a server without document versions wrote: the next server gives its documents
// versions, once and in one step, whenever it is interrupted.
#include <filesystem>

#include "store/embedded/admission.h"
#include "store/embedded/connection.h"
#include "store/embedded/mark.h"
#include "store/embedded/schema.h"
#include "store/embedded/testing/faults.h"

namespace sluice::store {
namespace {

namespace fs = std::filesystem;

// The file as that server wrote it, and stopped.
constexpr const char* kOldStore = R"(
PRAGMA journal_mode = WAL;
BEGIN;
CREATE TABLE namespaces(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
                        version INTEGER NOT NULL DEFAULT 0);
CREATE TABLE data(namespace INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL,
                  PRIMARY KEY(namespace, key)) WITHOUT ROWID;
CREATE TABLE documents(collection TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
                       PRIMARY KEY(collection, key)) WITHOUT ROWID;
CREATE TABLE jobs(id INTEGER PRIMARY KEY, namespace INTEGER NOT NULL, clear BLOB,
                  committed INTEGER NOT NULL DEFAULT 0);
CREATE TABLE staged(job INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL,
                    PRIMARY KEY(job, key)) WITHOUT ROWID;
CREATE TABLE prefixes(namespace TEXT NOT NULL, prefix BLOB NOT NULL,
                      PRIMARY KEY(namespace, prefix)) WITHOUT ROWID;
CREATE TABLE store(id INTEGER PRIMARY KEY CHECK(id = 1), name TEXT NOT NULL,
                   cycle INTEGER NOT NULL DEFAULT 0, documents INTEGER NOT NULL DEFAULT 0);
INSERT INTO namespaces VALUES(1, 'p/f', 2);
INSERT INTO data VALUES(1, CAST('id/ann' AS BLOB), CAST('true' AS BLOB)),
                       (1, CAST('id/bob' AS BLOB), CAST('true' AS BLOB));
INSERT INTO documents VALUES('meta', 'version', '5'), ('objects', 'shop', '{"a": 1}'),
                            ('objects', 'till', '{"b": 2}');
INSERT INTO store VALUES(1, '', 3, 7);
PRAGMA application_id = 0x534c5549;
PRAGMA user_version = 2;
COMMIT;
)";

class Migration : public Faults {
 protected:
  void write_old(const char* more = "") {
    sql(std::string(kOldStore) + more);
    ASSERT_FALSE(fs::exists(path("-wal")));
  }
  void sql(const std::string& text) {
    auto connection = Connection::open(path());
    ASSERT_TRUE(connection);
    const auto done = connection->execute(text.c_str());
    ASSERT_TRUE(done) << done.error().message;
  }
  // "key=value@version …" of all documents.
  std::string documents() {
    std::string text;
    for (const char* collection : {"meta", "objects"}) {
      const auto found = store_->documents(collection);
      EXPECT_TRUE(found);
      for (const Document& document : found->entries) {
        text += document.key + "=" + document.value + "@" + std::to_string(document.version) + " ";
      }
    }
    return text;
  }
  Version change(DocumentChange change) {
    const auto made = store_->change_documents({&change, 1});
    EXPECT_TRUE(made) << made.error().message;
    return made.value_or(0);
  }
  // The mark must miss every commit that the store loses from now on.
  void expect_exact_mark() {
    store_.reset();
    const auto mark = Mark::read(mark_of(path()));
    ASSERT_TRUE(mark && *mark);
    const auto found = look_at_store(path(), nullptr);
    ASSERT_TRUE(found);
    EXPECT_EQ((*mark)->told, found->told);
  }
};

constexpr const char* kVersioned = "version=5@7 shop={\"a\": 1}@7 till={\"b\": 2}@7 ";

TEST_F(Migration, DocumentsGetAVersionOnce) {
  write_old();
  for (int start = 0; start < 3; ++start) {
    open();
    EXPECT_EQ(documents(), kVersioned);
    EXPECT_EQ(contents(),
              (std::map<std::string, std::string>{{"id/ann", "true"}, {"id/bob", "true"}}));
    expect_exact_mark();
  }
  open();
  EXPECT_EQ(change({"objects", "shop", "new", 7}), 8U);
  EXPECT_EQ(documents(), "version=5@7 shop=new@8 till={\"b\": 2}@7 ");
  EXPECT_TRUE(let_in("eve"));
  crash();
  open();
  EXPECT_EQ(documents(), "version=5@7 shop=new@8 till={\"b\": 2}@7 ");
  EXPECT_TRUE(knows("eve"));
}

// Servers before the table `store` had a counter of changes did not count them.
TEST_F(Migration, DocumentsThatWereNotCountedGetAVersionToo) {
  write_old("UPDATE store SET documents = 0;");
  open();
  EXPECT_EQ(documents(), "version=5@1 shop={\"a\": 1}@1 till={\"b\": 2}@1 ");
  EXPECT_EQ(change({"objects", "shop", "new", 1}), 2U);
  expect_exact_mark();
  open();
  EXPECT_EQ(documents(), "version=5@1 shop=new@2 till={\"b\": 2}@1 ");
}

TEST_F(Migration, NoDocumentsNoVersion) {
  write_old("DELETE FROM documents; UPDATE store SET documents = 0;");
  open();
  EXPECT_EQ(store_->documents("objects")->version, 0U);
  EXPECT_EQ(change({"objects", "shop", "first", 0}), 1U);
  expect_exact_mark();
}

// One such store on a disk of its own, which fails during the first start.
class FirstStart final : public Migration {
 public:
  FirstStart() { write_old(); }
  void TestBody() override {}

  // True if the start ended before the power failed.
  bool cut_after(int changes, bool power_cut) {
    vfs_.cut_power_after(changes);
    const bool whole = try_open().has_value() && !vfs_.off();
    crash(power_cut);
    expect_next_start();
    return whole;
  }
  // True if the start succeeded.
  bool fail_at(FaultVfs::Call call, int skip) {
    vfs_.fail(call, "", skip, 1, call == FaultVfs::Call::write ? SQLITE_FULL : SQLITE_IOERR_FSYNC);
    const bool whole = try_open().has_value();
    store_.reset();
    vfs_.heal();
    expect_next_start();
    return whole;
  }

 private:
  void expect_next_start() {
    open();
    ASSERT_FALSE(HasFatalFailure());
    EXPECT_EQ(documents(), kVersioned);
    expect_exact_mark();
  }
};

TEST(MigrationInterrupted, ByAPowerCutOrTheEndOfTheProcess) {
  for (const bool power_cut : {false, true}) {
    int changes = 1;
    while (!FirstStart().cut_after(changes, power_cut) && !testing::Test::HasFailure()) ++changes;
    EXPECT_GT(changes, 5) << "the start changes more than that";
  }
}

TEST(MigrationInterrupted, ByAFailedWriteOrSync) {
  for (const FaultVfs::Call call : {FaultVfs::Call::write, FaultVfs::Call::sync}) {
    int skip = 0;
    while (!FirstStart().fail_at(call, skip) && !testing::Test::HasFailure()) ++skip;
    EXPECT_GT(skip, 1) << "the start makes more such calls";
  }
}

// A file may have one of the columns, if its other table was made anew.
TEST_F(Migration, AMissingVersionOfDocumentsIsAdded) {
  write_old("ALTER TABLE store ADD COLUMN versioned INTEGER NOT NULL DEFAULT -1;");
  open();
  EXPECT_EQ(documents(), kVersioned);
}
TEST_F(Migration, AMissingCountOfVersionsIsAdded) {
  write_old("ALTER TABLE documents ADD COLUMN version INTEGER NOT NULL DEFAULT 0;");
  open();
  EXPECT_EQ(documents(), kVersioned);
}

// A server without document versions runs in between. It counts its changes, but leaves the version
// of a document that it changes.
TEST_F(Migration, AnOlderServerMayRunInBetween) {
  write_old();
  open();
  const Version before = change({"objects", "shop", "ours"});
  store_.reset();
  sql("UPDATE documents SET value = 'theirs' WHERE key = 'shop';"
      "INSERT INTO documents(collection, key, value) VALUES('objects', 'new', 'theirs');"
      "UPDATE store SET documents = documents + 2;");
  open();
  const auto found = store_->documents("objects");
  ASSERT_TRUE(found);
  ASSERT_EQ(found->entries.size(), 3U);
  for (const Document& document : found->entries) EXPECT_EQ(document.version, before + 2);
  DocumentChange stale{"objects", "shop", "again", before};
  EXPECT_FALSE(store_->change_documents({&stale, 1}));
  expect_exact_mark();
}

}  // namespace
}  // namespace sluice::store
