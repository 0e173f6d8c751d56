// SPDX-License-Identifier: Apache-2.0
// A disk that fails, files that vanish or are damaged: nobody new is let in, nothing that was told
// is lost, the message names the file, and the store comes back by itself where it can.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "store/chain_store.h"
#include "store/embedded/fault_vfs.h"
#include "store/embedded/sqlite_medium.h"
#include "store/test_cores.h"
#include "store/test_directory.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using Call = FaultVfs::Call;

class Faults : public testing::Test {
 protected:
  Result<void> try_open(Durability durability = Durability::disk) {
    auto medium =
        SqliteMedium::open(directory.path(), {.durability = durability, .vfs = vfs.name()});
    if (!medium) return std::unexpected(medium.error());
    store = std::make_unique<ChainStore>(std::move(*medium), cores.count(), Logger(), Limits());
    return store->prepare("p/f");
  }
  void open(Durability durability = Durability::disk) {
    const auto opened = try_open(durability);
    ASSERT_TRUE(opened) << opened.error().message;
  }
  std::string refusal() {
    const auto opened = try_open();
    return opened ? "" : opened.error().message;
  }
  View& view() {
    return cores.on(0, [&]() -> View& { return store->view(cores.core(0), "p/f"); });
  }
  // True if it was told.
  bool let_in(const std::string& user, const std::string& value = "true") {
    View& its = view();
    return cores.await(0, [&]() -> Task<bool> {
      const Commit commit = put(its, "id/" + user, value);
      if (commit.status != CommitStatus::committed) co_return false;
      const auto durable = co_await its.durable(commit.version, in(20s));
      co_return durable.has_value();
    });
  }
  bool knows(const std::string& user) {
    return cores.on(0, [&] { return get(store->view(cores.core(0), "p/f"), "id/" + user); })
        .has_value();
  }
  bool well(Duration patience = 20s) {
    const TimePoint end = in(patience);
    while (!store->health().empty() && Clock::now() < end) std::this_thread::sleep_for(1ms);
    return store->health().empty();
  }
  bool ill() {
    const TimePoint end = in(20s);
    while (store->health().empty() && Clock::now() < end) std::this_thread::sleep_for(1ms);
    return !store->health().empty();
  }
  void crash(bool power_cut = true) {
    vfs.kill();
    store.reset();
    if (power_cut) vfs.lose_cache();
    vfs.power_on();
  }
  std::string path(const char* suffix = "") { return directory.path() + "/sluice.db" + suffix; }
  void overwrite(const char* suffix, std::streamoff at, const std::string& bytes) {
    std::fstream file(path(suffix), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(at);
    file << bytes;
  }
  // Some hundred keys, in the file itself.
  void fill() {
    std::vector<Entry> entries;
    for (int i = 0; i < 2'000; ++i) entries.push_back({"id/" + std::to_string(i), "true"});
    ASSERT_TRUE(store->apply("p/f", entries));
    store.reset();
    ASSERT_FALSE(fs::exists(path("-wal")));
  }

  TestDirectory directory;
  FaultVfs vfs{4711};
  TestCores cores{1};
  std::unique_ptr<ChainStore> store;
};

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
    vfs.fail(call, "", 0, 1'000'000, code);
    EXPECT_FALSE(let_in("pending" + name));
    ASSERT_TRUE(ill());
    EXPECT_NE(store->health().find(path()), std::string::npos) << store->health();
    EXPECT_NE(store->health().find(advice), std::string::npos) << store->health();
    EXPECT_FALSE(let_in("refused" + name));
    EXPECT_TRUE(knows("first"));
    EXPECT_FALSE(store->put_document("objects", {"p", "{}"}));
    vfs.heal();
    ASSERT_TRUE(well()) << store->health();
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

// A second fsync succeeds without writing what the first has dropped.
TEST_F(Faults, AfterAFailedFsyncAllIsWrittenAgain) {
  open();
  for (int i = 0; i < 20; ++i) {
    const std::string user = std::to_string(i);
    vfs.fail(Call::sync, "-wal", 0, 1, SQLITE_IOERR_FSYNC);
    EXPECT_FALSE(let_in(user));
    ASSERT_TRUE(well());
    View& its = view();
    ASSERT_TRUE(cores.on(0, [&] { return its.is_durable(store->status("p/f").committed); }));
    crash();
    open();
    for (int told = 0; told <= i; ++told) ASSERT_TRUE(knows(std::to_string(told))) << i;
  }
}

// The same, but the process ends before it can write again, and the power fails after the restart.
TEST_F(Faults, WhatAStartFindsIsOnDisk) {
  int found = 0;
  for (int i = 0; i < 10; ++i) {
    open();
    const std::string user = std::to_string(i);
    ASSERT_TRUE(let_in("before" + user));  // its log has a header
    vfs.fail(Call::sync, "-wal", 0, 1'000'000, SQLITE_IOERR_FSYNC);
    EXPECT_FALSE(let_in(user));
    crash(false);
    open();
    const bool known = knows(user);
    found += known ? 1 : 0;
    crash();
    open();
    EXPECT_EQ(knows(user), known) << i;
    store.reset();
  }
  EXPECT_GT(found, 0) << "nothing was tested";
}

TEST_F(Faults, DamageThatIsFoundWhileRunningStays) {
  open();
  ASSERT_TRUE(let_in("first"));
  vfs.fail(Call::write, "", 0, 1, SQLITE_CORRUPT);
  EXPECT_FALSE(let_in("second"));
  vfs.heal();
  EXPECT_NE(store->health().find("restore the data directory from a backup"), std::string::npos)
      << store->health();
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
    EXPECT_NE(store->health().find(path(suffix) + " is gone"), std::string::npos)
        << store->health();
    EXPECT_TRUE(knows("first"));
    std::ofstream(path(suffix)) << "another";
    EXPECT_FALSE(let_in(std::string("y") + suffix));
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
  store.reset();
  open();
  EXPECT_TRUE(knows("first"));
}

TEST_F(Faults, ADamagedFileIsNoEmptyStore) {
  open();
  fill();
  const auto size = static_cast<std::streamoff>(fs::file_size(path()));
  const std::string whole = path("-whole");
  fs::copy_file(path(), whole);
  const auto expect_refused = [&](const char* what) {
    const std::string text = refusal();
    EXPECT_NE(text.find(path()), std::string::npos) << what << ": " << text;
    EXPECT_NE(text.find("backup"), std::string::npos) << what << ": " << text;
    store.reset();
    for (const char* companion : {"-wal", "-shm"}) fs::remove(path(companion));
    fs::copy_file(whole, path(), fs::copy_options::overwrite_existing);
  };
  overwrite("", size / 2 / 4096 * 4096, std::string(4096, 'x'));
  expect_refused("a page");
  fs::resize_file(path(), static_cast<std::uintmax_t>(size / 2));
  expect_refused("half of it");
  fs::resize_file(path(), 0);
  expect_refused("nothing");
  std::ofstream(path(), std::ios::trunc) << std::string(static_cast<std::size_t>(size), 'x');
  expect_refused("no database");
  overwrite("", 0, std::string(4096, '\0'));
  expect_refused("no header");
  open();
  EXPECT_EQ(store->count("p/f", "").value_or(0), 2'000U);
}

TEST_F(Faults, ALogThatIsDamagedIsNoEmptyLog) {
  open();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(let_in(std::to_string(i)));
  crash();
  const auto size = fs::file_size(path("-wal"));
  ASSERT_GT(size, 32U);
  fs::copy_file(path("-wal"), path("-kept"));
  overwrite("-wal", 0, std::string(64, 'x'));
  std::string text = refusal();
  EXPECT_NE(text.find(path("-wal") + " is damaged"), std::string::npos) << text;
  EXPECT_NE(text.find("backup"), std::string::npos) << text;
  fs::rename(path("-kept"), path("-wal"));

  fs::rename(path(), path("-away"));
  text = refusal();
  EXPECT_NE(text.find(path() + " is missing"), std::string::npos) << text;
  fs::rename(path("-away"), path());

  // What a crash leaves: a torn end, and an index that is of no use.
  fs::resize_file(path("-wal"), size + 100);
  std::ofstream(path("-shm"), std::ios::trunc) << std::string(40'000, 'x');
  open();
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(knows(std::to_string(i)));
  crash();
  fs::resize_file(path("-wal"), fs::file_size(path("-wal")) - 10);
  open();
  EXPECT_TRUE(knows("8"));
}

TEST_F(Faults, AStartThatIsCutOffLeavesNothing) {
  std::ofstream(path(".new")) << "half a database";
  open();
  EXPECT_TRUE(let_in("first"));
  EXPECT_FALSE(fs::exists(path(".new")));
}

TEST_F(Faults, DurabilityProcessOutlivesTheProcessWithoutFsync) {
  open(Durability::process);
  ASSERT_TRUE(let_in("0"));
  const int syncs = vfs.calls(Call::sync);
  for (int i = 1; i < 100; ++i) ASSERT_TRUE(let_in(std::to_string(i)));
  EXPECT_EQ(vfs.calls(Call::sync), syncs);
  crash(false);
  open(Durability::process);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(knows(std::to_string(i)));
  crash();
  open();
  const int before = vfs.calls(Call::sync);
  ASSERT_TRUE(let_in("disk"));
  EXPECT_GT(vfs.calls(Call::sync), before);
}

}  // namespace
}  // namespace sluice::store
