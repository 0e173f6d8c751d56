// SPDX-License-Identifier: Apache-2.0
// Covers: file_watch.cc
// A failing disk, and files that vanish or are damaged. No new user is admitted, no told data is
// lost, the message names the file, and the store recovers by itself if it can.
#include <filesystem>
#include <fstream>

#include "store/embedded/testing/faults.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using Call = FaultVfs::Call;

struct Failure {
  Call call;
  int code;
  const char* advice;
};

TEST_F(Faults, AFailingDiskLetsNobodyInAndComesBack) {
  open();
  const Failure failures[] = {
      {Call::write, SQLITE_FULL, "free some space"},
      {Call::write, SQLITE_IOERR_WRITE, "look at its disk"},
      {Call::write, SQLITE_READONLY, "mount its file system for writing"},
      {Call::sync, SQLITE_IOERR_FSYNC, "look at its disk"},
  };
  ASSERT_TRUE(let_in("first"));
  for (const auto& [call, code, advice] : failures) {
    const std::string name = std::to_string(code);
    vfs_.fail(call, "", 0, 1'000'000, code);
    EXPECT_FALSE(let_in("pending" + name));
    ASSERT_TRUE(ill());
    EXPECT_NE(store_->health().find(path()), std::string::npos) << store_->health();
    EXPECT_NE(store_->health().find(advice), std::string::npos) << store_->health();
    EXPECT_FALSE(let_in("refused" + name));
    EXPECT_TRUE(knows("first"));
    const DocumentChange object{"objects", "p", "{}"};
    EXPECT_FALSE(store_->change_documents({&object, 1}));
    vfs_.heal();
    ASSERT_TRUE(well()) << store_->health();
    ASSERT_TRUE(let_in("after" + name));
  }
  crash();
  open();
  for (const auto& failure : failures) {
    const std::string name = std::to_string(failure.code);
    EXPECT_TRUE(knows("pending" + name)) << "committed, and written when the disk was back";
    EXPECT_FALSE(knows("refused" + name));
    EXPECT_TRUE(knows("after" + name));
  }
}

// A second fsync succeeds without writing the pages that the first one dropped.
TEST_F(Faults, AfterAFailedFsyncAllIsWrittenAgain) {
  open();
  for (int i = 0; i < 20; ++i) {
    const std::string user = std::to_string(i);
    // Fails until the failure is seen: the retry is so soon that a busy core might see only its
    // success.
    vfs_.fail(Call::sync, "-wal", 0, 1'000'000, SQLITE_IOERR_FSYNC);
    EXPECT_FALSE(let_in(user));
    vfs_.heal();
    ASSERT_TRUE(well());
    View& its = view();
    ASSERT_TRUE(cores_.on(0, [&] { return its.is_durable(store_->status("p/f").committed); }));
    crash();
    open();
    for (int told = 0; told <= i; ++told) ASSERT_TRUE(knows(std::to_string(told))) << i;
  }
}

// The steps of a bulk change are not synced one by one. The failing sync is that of a later group,
// and the group that is told follows the steps in the log.
TEST_F(Faults, AfterAFailedFsyncTheStepsOfBulkChangesAreWrittenAgain) {
  open();
  std::map<std::string, std::string> expected;
  const auto import = [&](const std::string& value) {
    std::vector<Entry> entries;
    for (int i = 0; i < 300; ++i) {
      entries.push_back({"x/" + std::to_string(i), value + std::to_string(i)});
      expected[entries.back().key] = entries.back().value;
    }
    return store_->apply("p/f", std::move(entries));
  };
  const auto clear = [&](const std::string& prefix) {
    std::erase_if(expected, [&](const auto& entry) { return entry.first.starts_with(prefix); });
    return store_->erase_all("p/f", prefix);
  };
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(i % 3 == 1 ? clear("x/1") : i % 7 == 6 ? clear("") : import(std::to_string(i)));
    const std::string user = std::to_string(i);
    vfs_.fail(Call::sync, "-wal", 0, 1, SQLITE_IOERR_FSYNC);
    (void)let_in(user, "pending");
    vfs_.heal();
    ASSERT_TRUE(well());
    ASSERT_TRUE(let_in(user, "told" + user));
    expected["id/" + user] = "told" + user;
    crash();
    open();
    ASSERT_EQ(contents(), expected) << i;
  }
}

// The same, but the process ends before it can write again, and the power fails after the restart.
TEST_F(Faults, WhatAStartFindsIsOnDisk) {
  int found = 0;
  for (int i = 0; i < 10; ++i) {
    open();
    const std::string user = std::to_string(i);
    ASSERT_TRUE(let_in("before" + user));  // its log has a header
    vfs_.fail(Call::sync, "-wal", 0, 1'000'000, SQLITE_IOERR_FSYNC);
    EXPECT_FALSE(let_in(user));
    crash(false);
    open();
    const bool known = knows(user);
    found += known ? 1 : 0;
    crash();
    open();
    EXPECT_EQ(knows(user), known) << i;
    store_.reset();
  }
  EXPECT_GT(found, 0) << "nothing was tested";
}

// A version that the mark demands and the files do not hold would be missed at the next start.
TEST_F(Faults, AMarkThatCannotBeWrittenDemandsNothing) {
  open();
  ASSERT_TRUE(let_in("first"));
  vfs_.fail(Call::write, "-mark", 0, 1'000'000, SQLITE_IOERR_WRITE);
  EXPECT_FALSE(let_in("second"));
  vfs_.heal();
  ASSERT_TRUE(well());
  ASSERT_TRUE(let_in("third"));
  crash(false);
  ASSERT_EQ(refusal(), "");
  for (const char* user : {"first", "second", "third"}) EXPECT_TRUE(knows(user)) << user;
}

TEST_F(Faults, DamageThatIsFoundWhileRunningStays) {
  open();
  ASSERT_TRUE(let_in("first"));
  vfs_.fail(Call::write, "", 0, 1, SQLITE_CORRUPT);
  EXPECT_FALSE(let_in("second"));
  vfs_.heal();
  EXPECT_NE(store_->health().find("restore the data directory from a backup"), std::string::npos)
      << store_->health();
  EXPECT_FALSE(well(1500ms));
  EXPECT_FALSE(let_in("third"));
  EXPECT_TRUE(knows("first"));
}

TEST_F(Faults, AFileThatIsGoneTakesNoWrites) {
  open();
  ASSERT_TRUE(let_in("first"));
  for (const char* suffix : {"", "-wal", "-shm"}) {
    fs::rename(path(suffix), path("-away"));
    EXPECT_FALSE(let_in(std::string("x") + suffix));
    EXPECT_NE(store_->health().find(path(suffix) + " is gone"), std::string::npos)
        << store_->health();
    EXPECT_TRUE(knows("first"));
    fs::rename(path("-away"), path(suffix));
    ASSERT_TRUE(well());
    EXPECT_TRUE(let_in(std::string("z") + suffix));
  }
}

// SQLite would write to the file that has lost its name, and a start would not find it.
TEST_F(Faults, AFileThatIsReplacedTakesNoWrites) {
  open();
  ASSERT_TRUE(let_in("first"));
  for (const char* suffix : {"", "-wal", "-mark"}) {
    fs::copy_file(path(suffix), path("-copy"));
    fs::create_hard_link(path(suffix), path("-away"));
    fs::rename(path("-copy"), path(suffix));
    EXPECT_FALSE(let_in(std::string("x") + suffix));
    EXPECT_NE(store_->health().find(path(suffix) + " was replaced"), std::string::npos)
        << store_->health();
    fs::rename(path("-away"), path(suffix));
    ASSERT_TRUE(well());
    EXPECT_TRUE(let_in(std::string("z") + suffix));
  }
}

TEST_F(Faults, AFileThatGoesWhileNobodyWritesIsNoticed) {
  open();
  fs::rename(path(), path("-away"));
  ASSERT_TRUE(ill());
  EXPECT_FALSE(let_in("first"));
  fs::rename(path("-away"), path());
  ASSERT_TRUE(well());
  EXPECT_TRUE(let_in("first"));
}

TEST_F(Faults, AnOrderlyEndSavesWhatWasInALogThatIsGone) {
  open();
  ASSERT_TRUE(let_in("first"));
  fs::remove(path("-wal"));
  EXPECT_FALSE(let_in("second"));
  store_.reset();
  open();
  EXPECT_TRUE(knows("first"));
}

TEST_F(Faults, DurabilityProcessOutlivesTheProcessWithoutFsync) {
  open(Durability::process);
  ASSERT_TRUE(let_in("0"));
  const int syncs = vfs_.calls(Call::sync);
  for (int i = 1; i < 100; ++i) ASSERT_TRUE(let_in(std::to_string(i)));
  EXPECT_EQ(vfs_.calls(Call::sync), syncs);
  crash(false);
  open(Durability::process);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(knows(std::to_string(i)));
  crash();
  open();
  const int before = vfs_.calls(Call::sync);
  ASSERT_TRUE(let_in("disk"));
  EXPECT_GT(vfs_.calls(Call::sync), before);
}

}  // namespace
}  // namespace sluice::store
