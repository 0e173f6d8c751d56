// SPDX-License-Identifier: Apache-2.0
// The log (WAL) on a disk whose syncs fail: a successful sync covers every earlier write.
#include "store/embedded/wal_vfs.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "store/embedded/connection.h"
#include "store/embedded/testing/fault_vfs.h"
#include "store/embedded/unsynced_writes.h"
#include "store/testing/test_directory.h"

namespace sluice::store {
namespace {

namespace fs = std::filesystem;

std::vector<std::pair<std::int64_t, std::string>> pieces_of(const UnsyncedWrites& writes) {
  std::vector<std::pair<std::int64_t, std::string>> list;
  EXPECT_EQ(writes.visit([&](std::int64_t at, std::string_view bytes) {
    list.emplace_back(at, bytes);
    return 0;
  }),
            0);
  return list;
}

TEST(UnsyncedWrites, KeepsTheOrderOfWriting) {
  UnsyncedWrites writes;
  writes.add(0, "abcd");
  writes.add(2, "xy");
  UnsyncedWrites covered = writes.take();
  EXPECT_TRUE(writes.empty());
  writes.add(8, "new");
  writes.prepend(std::move(covered));
  using List = std::vector<std::pair<std::int64_t, std::string>>;
  EXPECT_EQ(pieces_of(writes), (List{{0, "abcd"}, {2, "xy"}, {8, "new"}}));
  EXPECT_EQ(writes.bytes(), 9U);
  writes.truncate(3);
  EXPECT_EQ(pieces_of(writes), (List{{0, "abc"}, {2, "x"}}));
  EXPECT_EQ(writes.visit([](std::int64_t, std::string_view) { return 7; }), 7);
  writes.clear();
  EXPECT_TRUE(writes.empty());
}

// A database of one table, before and after power cuts.
class WalVfsTest : public testing::Test {
 protected:
  void SetUp() override { open(); }
  void open() {
    wal_ = std::make_unique<WalVfs>(disk_.name());
    ASSERT_TRUE(wal_->usable());
    auto connection = Connection::open(path_, wal_->name());
    ASSERT_TRUE(connection) << connection.error().message;
    writer_ = std::move(*connection);
    do_it("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0");
    do_it("CREATE TABLE IF NOT EXISTS t(i INTEGER PRIMARY KEY, text TEXT)");
  }
  void do_it(const char* sql) {
    const auto done = writer_.execute(sql);
    ASSERT_TRUE(done) << sql << ": " << done.error().message;
  }
  void cut_power() {
    disk_.cut_power_after(0);
    writer_ = Connection();
    wal_.reset();
    disk_.lose_cache();
    disk_.power_on();
    open();
  }
  void fail_next_sync() { disk_.fail(FaultVfs::Call::sync, "-wal", 0, 1, SQLITE_IOERR_FSYNC); }
  std::int64_t rows() { return writer_.integer("SELECT count(*) FROM t").value_or(-1); }
  void expect_whole() { EXPECT_EQ(writer_.text("PRAGMA integrity_check").value_or("none"), "ok"); }

  TestDirectory directory_;
  FaultVfs disk_{815};
  const std::string path_ = directory_.path() + "/t.db";
  std::unique_ptr<WalVfs> wal_;
  Connection writer_;
};

// 100 bytes a row, so that a commit of some rows has several pages.
constexpr const char* kRows =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) "
    "INSERT INTO t(text) SELECT hex(randomblob(50)) FROM n";

TEST_F(WalVfsTest, ASyncCoversCommitsBeforeOneThatFailed) {
  for (int life = 0; life < 20; ++life) {
    const std::int64_t before = rows();
    do_it("PRAGMA synchronous = NORMAL");
    do_it(kRows);
    do_it("PRAGMA synchronous = FULL");
    fail_next_sync();
    EXPECT_FALSE(writer_.execute("INSERT INTO t(text) VALUES('fails')"));
    do_it("INSERT INTO t(text) VALUES('told')");
    cut_power();
    ASSERT_EQ(rows(), before + 201) << life;
    expect_whole();
  }
}

TEST_F(WalVfsTest, ASyncCoversWhatACheckpointCouldNotSync) {
  for (int life = 0; life < 20; ++life) {
    const std::int64_t before = rows();
    do_it("PRAGMA synchronous = NORMAL");
    do_it(kRows);
    fail_next_sync();
    writer_.checkpoint();
    do_it("PRAGMA synchronous = FULL");
    do_it("INSERT INTO t(text) VALUES('told')");
    if (life % 2 == 0) writer_.checkpoint();
    cut_power();
    ASSERT_EQ(rows(), before + 201) << life;
    expect_whole();
  }
}

// Otherwise the file would hold a part of the log, and the log would end before it: a mixture of
// two states.
TEST_F(WalVfsTest, ACheckpointCoversWhatTheLastOneCouldNotSync) {
  for (int life = 0; life < 20; ++life) {
    do_it("PRAGMA synchronous = NORMAL");
    for (int i = 0; i < 5; ++i) do_it(kRows);
    const std::int64_t all = rows();
    fail_next_sync();
    writer_.checkpoint();
    writer_.checkpoint();
    do_it("UPDATE t SET text = 'never synced' WHERE i % 7 = 0");
    cut_power();
    ASSERT_EQ(rows(), all) << life;
    expect_whole();
  }
}

// Without a sync before it, which only `synchronous = OFF` leaves out, the log is cut while its
// writes are kept.
TEST_F(WalVfsTest, WhatWasCutOffIsNotWrittenAgain) {
  do_it("PRAGMA synchronous = OFF");
  for (int i = 0; i < 5; ++i) do_it(kRows);
  const auto longest = fs::file_size(path_ + "-wal");
  do_it("PRAGMA wal_checkpoint(TRUNCATE)");
  ASSERT_EQ(fs::file_size(path_ + "-wal"), 0U);
  do_it("PRAGMA synchronous = FULL");
  fail_next_sync();
  EXPECT_FALSE(writer_.execute("INSERT INTO t(text) VALUES('fails')"));
  do_it("INSERT INTO t(text) VALUES('told')");
  EXPECT_LT(fs::file_size(path_ + "-wal"), longest / 2);
}

TEST_F(WalVfsTest, KeepsSoMuchAndNoMore) {
  do_it("PRAGMA synchronous = NORMAL");
  do_it("INSERT INTO t(text) VALUES('first')");
  const int before = disk_.calls(FaultVfs::Call::sync);
  for (int i = 0; i < 40; ++i) do_it("INSERT INTO t(text) VALUES(hex(zeroblob(500000)))");
  EXPECT_GE(disk_.calls(FaultVfs::Call::sync), before + 1) << "40 MB and no sync";
  EXPECT_LE(disk_.calls(FaultVfs::Call::sync), before + 2);
}

}  // namespace
}  // namespace sluice::store
