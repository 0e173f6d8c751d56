// SPDX-License-Identifier: Apache-2.0
// Every way in which the data directory can hold less than was told. The store does not start,
// names the file and the remedy, and changes nothing. A start after the files are put back
// succeeds.
#include <filesystem>
#include <fstream>

#include "store/embedded/connection.h"
#include "store/embedded/testing/admission.h"

namespace sluice::store {
namespace {

namespace fs = std::filesystem;

TEST_F(Admission, ALogThatIsMissingAfterAKillIsMissed) {
  for (const auto durability : {Durability::disk, Durability::process}) {
    ASSERT_TRUE(try_open(durability));
    sell();
    crash(false);
    save("whole");
    for (const bool empty : {false, true}) {
      empty ? fs::resize_file(path("-wal"), 0) : (void)fs::remove(path("-wal"));
      expect_refused({path("-wal"), "missing or empty", "backup", "--accept-older-store"});
      EXPECT_EQ(fs::file_size(path()), fs::file_size(aside("whole") + "/db")) << "nothing changed";
      put_back("whole");
    }
    open();
    expect_sold();
    stop();
    fs::remove_all(aside("whole"));
  }
}

TEST_F(Admission, ALogThatIsCutOffIsNoticed) {
  open();
  sell();
  crash(false);
  const auto size = fs::file_size(path("-wal"));
  save("whole");
  for (const std::uintmax_t part : {size / 2, size * 9 / 10, std::uintmax_t{32}}) {
    fs::resize_file(path("-wal"), part);
    expect_refused({path(), "was told", "a part of it or of its log", "--accept-older-store"});
    put_back("whole");
  }
  overwrite("-wal", static_cast<std::streamoff>(size / 2), std::string(100, 'x'));
  expect_refused({path(), "was told"});
  put_back("whole");
  open();
  expect_sold();
}

TEST_F(Admission, ADatabaseThatIsMissingIsNoEmptyStore) {
  open();
  sell();
  stop();
  save("whole");
  fs::remove(path());
  expect_refused({path() + " is missing", path("-mark"), "backup", "remove sluice.db-mark"});
  EXPECT_FALSE(fs::exists(path()));
  put_back("whole");
  open();
  expect_sold();
  crash(false);
  save("killed");
  fs::remove(path());
  expect_refused({path() + " is missing"});
  put_back("killed");
  open();
  expect_sold();
}

TEST_F(Admission, AnOlderCopyIsRefusedAndCanBeAccepted) {
  open();
  sell("early");
  stop();
  save("early");
  open();
  sell("late");
  stop();
  save("late");
  put_back("early", "");
  expect_refused({path(), "an older copy", "--accept-older-store"});
  ASSERT_TRUE(opens_with(kAccept));
  expect_sold("early");
  EXPECT_FALSE(knows("late0"));
  sell("accepted");
  stop();
  open();  // one acceptance is enough
  expect_sold("accepted");
  stop();
  // The other history is now another store, although its version is higher.
  put_back("late", "");
  expect_refused({path(), "another store"});
  put_back("late");
  open();  // the whole directory, with its mark
  expect_sold("late");
}

// The log has everything after the copy, or it does not fit.
TEST_F(Admission, AnOlderCopyBelowANewerLog) {
  open();
  sell("first");
  stop();
  save("stopped");
  open();
  sell("second");
  crash(false);
  save("killed");
  put_back("stopped", "");
  open();  // the log begins where that copy ended
  expect_sold("first");
  expect_sold("second");
  stop();
  open();
  sell("third");
  crash(false);
  put_back("stopped", "");
  expect_refused({path(), "older than its log"});
  put_back("killed", "-wal");
  expect_refused({path("-wal"), "not the log of this store", "move it away"});
}

TEST_F(Admission, ALogOfAnotherStoreIsNotBroughtIn) {
  {
    const TestDirectory other;
    FaultVfs disk(99);
    auto medium = SqliteMedium::open(other.path(), {.durability = Durability::disk,
                                                    .vfs = disk.name(),
                                                    .presence = {},
                                                    .logger = Logger(),
                                                    .boot = "b"});
    ASSERT_TRUE(medium);
    const DocumentChange change{"objects", "foreign", "{}"};
    ASSERT_TRUE((*medium)->change_documents({&change, 1}));
    fs::copy_file(other.path() + "/sluice.db-wal", aside("foreign"));
  }
  open();
  sell();
  crash(false);
  save("whole");
  fs::copy_file(aside("foreign"), path("-wal"), fs::copy_options::overwrite_existing);
  expect_refused({path("-wal"), "not the log of this store"});
  EXPECT_FALSE(try_open(Durability::disk, kAccept)) << "not even then";
  put_back("whole");
  open();
  expect_sold();
  EXPECT_EQ(store_->documents("objects")->entries.size(), 0U);
  stop();
  fs::copy_file(aside("foreign"), path("-wal"), fs::copy_options::overwrite_existing);
  expect_refused({path("-wal"), "not the log of this store"});
  fs::remove(path("-wal"));
  open();
  expect_sold();
}

TEST_F(Admission, AMarkThatIsMissingOrDamagedIsMissed) {
  open();
  sell();
  stop();
  save("whole");
  fs::remove(path("-mark"));
  expect_refused({path("-mark"), "is missing", "--accept-older-store"});
  std::ofstream(path("-mark"), std::ios::trunc) << std::string(20'000, 'x');
  expect_refused({path("-mark"), "is damaged", "--accept-older-store"});
  put_back("whole");
  open();
  expect_sold();
  stop();
  fs::remove(path("-mark"));
  ASSERT_TRUE(opens_with(kAccept));
  expect_sold();
  stop();
  open();
  expect_sold();
}

// `rm sluice.db-*` removes both. Even a database without any checkpoint since its creation must
// know its own name.
TEST_F(Admission, LogAndMarkThatAreMissingTogetherAreMissed) {
  for (const bool first_life : {true, false}) {
    if (!first_life) {
      open();
      stop();
    }
    open();
    sell();
    crash(false);
    for (const char* suffix : {"-wal", "-shm", "-mark"}) fs::remove(path(suffix));
    expect_refused({path("-mark"), "is missing", "backup", "--accept-older-store"});
    fs::remove(path());
  }
}

TEST_F(Admission, AStoreOfAServerThatKnewNoMarkGetsOne) {
  for (const bool killed : {false, true}) {
    open();
    sell();
    stop();
    {
      auto connection = Connection::open(path());
      ASSERT_TRUE(connection);
      ASSERT_TRUE(connection->execute("DROP TABLE store"));
      if (killed) {
        ASSERT_TRUE(connection->keep_log(true));
      }
    }
    fs::remove(path("-mark"));
    ASSERT_EQ(fs::exists(path("-wal")), killed);
    open();
    expect_sold();
    crash(false);
    fs::remove(path("-wal"));
    expect_refused({path("-wal")});
    ASSERT_TRUE(opens_with(kAccept));
    stop();
    for (const char* suffix : kSuffixes) fs::remove(path(suffix));
  }
}

TEST_F(Admission, APowerCutIsNoReasonToRefuse) {
  for (const auto durability : {Durability::disk, Durability::process}) {
    for (int life = 0; life < 8; ++life) {
      const auto opened = try_open(durability);
      ASSERT_TRUE(opened) << opened.error().message;
      sell("l" + std::to_string(life));
      crash();
    }
  }
}

TEST_F(Admission, WithDurabilityProcessAKillIsStillExact) {
  ASSERT_TRUE(try_open(Durability::process));
  sell();
  crash(false);
  const auto size = fs::file_size(path("-wal"));
  fs::resize_file(path("-wal"), size / 2);
  expect_refused({path(), "was told"});
  ++boots_;  // the same after a power cut, because no more was promised
  open();
}

TEST_F(Admission, AStoreCanBeRequired) {
  EXPECT_FALSE(try_open(Durability::disk, {.required = true, .accept_older = false}));
  EXPECT_FALSE(fs::exists(path()));
  const auto refused = try_open(Durability::disk, {.required = true, .accept_older = false});
  EXPECT_NE(refused.error().message.find("--require-store"), std::string::npos);
  open();
  sell();
  stop();
  ASSERT_TRUE(opens_with({.required = true, .accept_older = false}));
  expect_sold();
}

TEST_F(Admission, FilesWithOtherNamesAreRefused) {
  open();
  sell();
  stop();
  fs::create_hard_link(path(), aside("link"));
  expect_refused({path(), "hard links"});
  fs::remove(aside("link"));
  fs::rename(path(), aside("moved"));
  fs::create_symlink(aside("moved"), path());
  expect_refused({path(), "symbolic link"});
  fs::remove(path());
  fs::rename(aside("moved"), path());
  open();
  expect_sold();
}

TEST_F(Admission, AStartThatIsCutOffIsRepeated) {
  for (int changes = 1; changes < 80; ++changes) {
    vfs_.cut_power_after(changes);
    (void)try_open();
    const bool done = !vfs_.off();
    crash(changes % 2 == 0);
    const auto opened = try_open();
    ASSERT_TRUE(opened) << changes << ": " << opened.error().message;
    if (changes % 3 == 0) sell(std::to_string(changes));
    changes % 5 == 0 ? stop() : crash(changes % 2 == 1);
    if (done && changes > 40) break;
  }
}

TEST_F(Admission, AnEndThatIsCutOffIsRepeated) {
  for (int changes = 1; changes < 60; ++changes) {
    open();
    sell();
    expect_sold();
    vfs_.cut_power_after(changes);
    store_.reset();
    if (changes % 2 == 0) {
      vfs_.lose_cache();
      ++boots_;
    }
    vfs_.power_on();
  }
}

}  // namespace
}  // namespace sluice::store
