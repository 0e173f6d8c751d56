// SPDX-License-Identifier: Apache-2.0
// Covers: mark_record.cc
// The mark beside the database: whole after every power cut, and never ahead of the files.
#include "store/embedded/mark.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <fstream>
#include <memory>
#include <random>

#include "store/embedded/testing/fault_vfs.h"
#include "store/testing/test_directory.h"

namespace sluice::store {
namespace {

MarkRecord sample() {
  return {.store = "0123456789abcdef0123456789abcdef",
          .was = "fedcba9876543210fedcba9876543210",
          .running = true,
          .durability = Durability::process,
          .boot = "c3d7d2c0-0000-4000-8000-1234567890ab",
          .told = 12,
          .on_disk = 11,
          .cycle = 3,
          .size = 40'960,
          .logs = {{1, 2}, {0xffffffff, 0xfffffffe}}};
}

MarkRecord named(const char* store) {
  MarkRecord record;
  record.store = store;
  return record;
}

TEST(MarkRecord, ComesBackAsItWas) {
  for (int round = 0; round < 2; ++round) {
    MarkRecord record = round == 0 ? sample() : MarkRecord();
    const auto line = parse_mark_line(to_line(record, 7));
    ASSERT_TRUE(line);
    EXPECT_EQ(line->number, 7U);
    EXPECT_EQ(to_line(line->record, 7), to_line(record, 7));
    EXPECT_EQ(line->record.logs, record.logs);
    EXPECT_EQ(line->record.store, record.store);
  }
}

TEST(MarkRecord, FitsIntoASector) {
  MarkRecord record = sample();
  record.boot.assign(200, 'b');
  record.told = record.on_disk = record.cycle = record.size = ~Version{0};
  record.logs.assign(kMarkLogsMax, {0xffffffff, 0xffffffff});
  EXPECT_LE(to_line(record, ~std::uint64_t{0}).size(), kMarkLineMax);
}

TEST(MarkRecord, ATornLineIsNone) {
  const std::string line = to_line(sample(), 7);
  for (std::size_t i = 0; i < line.size(); ++i) {
    EXPECT_FALSE(parse_mark_line(line.substr(0, i))) << i;
    std::string other = line;
    other[i] = other[i] == '0' ? '1' : '0';
    EXPECT_FALSE(parse_mark_line(other)) << i;
  }
  EXPECT_FALSE(parse_mark_line(std::string(512, '\0')));
}

class MarkTest : public testing::Test {
 protected:
  // The mark takes the mode of the database.
  void SetUp() override { std::ofstream(directory_.path() + "/sluice.db") << "x"; }
  void open() {
    mark_ = std::make_unique<Mark>();
    const auto opened = mark_->open(path_, disk_.name());
    ASSERT_TRUE(opened) << opened.error().message;
  }
  MarkRecord cut_power() {
    disk_.cut_power_after(0);
    mark_.reset();
    disk_.lose_cache();
    disk_.power_on();
    const auto found = Mark::read(path_);
    EXPECT_TRUE(found && *found);
    return found && *found ? **found : MarkRecord();
  }
  TestDirectory directory_;
  const std::string path_ = directory_.path() + "/sluice.db-mark";
  FaultVfs disk_{31};
  std::unique_ptr<Mark> mark_;
};

TEST_F(MarkTest, APowerCutLeavesAWholeOneThatIsNoNewerThanWhatWasTold) {
  ASSERT_TRUE(Mark::create(path_, named("s")));
  std::mt19937 random(5);
  Version told = 0;
  for (int life = 0; life < 60; ++life) {
    open();
    ASSERT_TRUE(mark_->start(Durability::disk, "boot", told));
    Version synced = told;
    disk_.fail(FaultVfs::Call::sync, "-mark", static_cast<int>(random() % 5), 1,
               SQLITE_IOERR_FSYNC);
    for (unsigned i = random() % 30; i > 0; --i) {
      ASSERT_TRUE(mark_->tell(1));
      ++told;
      if (random() % 4 == 0 && mark_->sync()) synced = told;
    }
    const MarkRecord found = cut_power();
    EXPECT_EQ(found.store, "s");
    EXPECT_GE(found.told, synced);
    EXPECT_LE(found.told, told);
    told = found.told;
  }
}

// After a failed fsync, the system takes the line for written, though it may not be on disk.
TEST_F(MarkTest, ASyncAfterOneThatFailedCoversTheLine) {
  ASSERT_TRUE(Mark::create(path_, named("s")));
  for (Version told = 0; told < 20; ++told) {
    open();
    ASSERT_TRUE(mark_->start(Durability::disk, "boot", told));
    ASSERT_TRUE(mark_->tell(1));
    disk_.fail(FaultVfs::Call::sync, "-mark", 0, 1, SQLITE_IOERR_FSYNC);
    EXPECT_FALSE(mark_->sync());
    ASSERT_TRUE(mark_->sync());
    ASSERT_EQ(cut_power().told, told + 1);
  }
}

// The cut leaves the first half of the sector.
TEST_F(MarkTest, APowerCutWhileItIsWrittenLeavesTheOneBefore) {
  MarkRecord longer = sample();
  longer.size = ~std::uint64_t{0};
  longer.logs.assign(kMarkLogsMax, {0xffffffff, 0xffffffff});
  ASSERT_GT(to_line(longer, 1).size(), kMarkLineMax / 2);
  ASSERT_TRUE(Mark::create(path_, longer));
  for (int life = 0; life < 20; ++life) {
    open();
    ASSERT_TRUE(mark_->start(Durability::disk, longer.boot, 7));
    disk_.cut_power_after(1);
    EXPECT_FALSE(mark_->tell(1));
    const MarkRecord found = cut_power();
    ASSERT_EQ(found.store, longer.store) << life;
    EXPECT_EQ(found.told, 7U) << life;
  }
}

TEST_F(MarkTest, NamesALogBeforeItBeginsAndForgetsThoseBeforeIt) {
  MarkRecord with_log = named("s");
  with_log.logs = {{1, 1}};
  ASSERT_TRUE(Mark::create(path_, with_log));
  open();
  mark_->set_cycle(4);
  ASSERT_TRUE(mark_->log_begins({2, 2}));
  disk_.fail(FaultVfs::Call::sync, "-mark", 0, 1, SQLITE_IOERR_FSYNC);
  EXPECT_FALSE(mark_->log_begins({3, 3}));
  MarkRecord found = cut_power();
  EXPECT_EQ(found.cycle, 4U);
  ASSERT_GE(found.logs.size(), 2U);
  EXPECT_EQ(found.logs[0], (LogSalts{1, 1}));
  EXPECT_EQ(found.logs[1], (LogSalts{2, 2}));

  open();
  ASSERT_TRUE(mark_->log_begins({4, 4}));
  mark_->log_synced(1, mark_->sync_begins());
  ASSERT_TRUE(mark_->stop(100));
  found = cut_power();
  EXPECT_FALSE(found.running);
  EXPECT_EQ(found.logs, (std::vector<LogSalts>{{4, 4}}));
}

TEST_F(MarkTest, WithDurabilityProcessOnlyWhatTheLogHasSyncedIsOnDisk) {
  ASSERT_TRUE(Mark::create(path_, named("s")));
  open();
  ASSERT_TRUE(mark_->start(Durability::process, "boot", 10));
  ASSERT_TRUE(mark_->tell(5));
  const Version told = mark_->sync_begins();
  ASSERT_TRUE(mark_->tell(2));
  mark_->log_synced(0, told);
  ASSERT_TRUE(mark_->sync());
  const MarkRecord found = cut_power();
  EXPECT_EQ(found.told, 17U);
  EXPECT_EQ(found.on_disk, 15U);
}

TEST_F(MarkTest, SaysWhatIsWrong) {
  const auto none = Mark::read(path_);
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none);
  std::ofstream(path_) << "sluice-mark 1 hello\n";
  const auto damaged = Mark::read(path_);
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().message, path_ + " is damaged");
}

}  // namespace
}  // namespace sluice::store
