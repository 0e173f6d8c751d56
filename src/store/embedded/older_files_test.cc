// SPDX-License-Identifier: Apache-2.0
// Covers: checkpointer.cc
// Files that SQLite takes for whole, though something told is missing: only the mark knows. And a
// mark that is made demands nothing that a power cut can still take.
#include <filesystem>
#include <string>
#include <thread>

#include "store/embedded/testing/admission.h"

namespace sluice::store {
namespace {

namespace fs = std::filesystem;

// The last page of a file may hold nothing but the end of a value. SQLite reads a page that is not
// there as zeros.
TEST_F(Admission, ADatabaseWithoutItsLastPageBelowItsLog) {
  open();
  ASSERT_TRUE(let_in("last", std::string(9'000, 'v')));
  stop();
  open();
  sell();
  crash(false);
  save("whole");
  fs::resize_file(path(), fs::file_size(path()) - 4'096);
  expect_refused({path(), "older than its log", "a part is missing"});
  put_back("whole");
  open();
  expect_sold();
  EXPECT_EQ(contents()["id/last"], std::string(9'000, 'v'));
}

TEST_F(Admission, ACopyThatIsOneLifeTooOldBelowALog) {
  open();
  sell("first");
  stop();
  save("first");
  open();
  sell("second");
  stop();
  open();
  sell("third");
  crash(false);
  put_back("first", "");
  expect_refused({path(), "older than its log"});
}

// The log of --durability process is in the system's cache. The start that makes a mark of what it
// finds there is cut off at any moment.
TEST_F(Admission, AMarkThatIsMadeDemandsOnlyWhatIsOnDisk) {
  for (int changes = 1; changes < 10; ++changes) {
    ASSERT_TRUE(try_open(Durability::process));
    sell();
    crash(false);
    fs::remove(path("-mark"));
    vfs_.cut_power_after(changes);
    (void)try_open(Durability::disk, kAccept);
    crash();
    const auto opened =
        try_open(Durability::disk, fs::exists(path("-mark")) ? Presence() : kAccept);
    ASSERT_TRUE(opened) << changes << ": " << opened.error().message;
    stop();
  }
}

// The mark is on disk a second after a change was told, or after the next checkpoint.
TEST_F(Admission, AnOlderCopyIsRefusedEvenAfterAPowerCut) {
  open();
  ASSERT_TRUE(let_in("first"));
  save("early");
  ASSERT_TRUE(let_in("second"));
  const int synced = vfs_.calls(FaultVfs::Call::sync, "-mark");
  std::vector<Entry> log_to_checkpoint;
  for (int i = 0; i < 5; ++i) {
    log_to_checkpoint.push_back({std::to_string(i), std::string(1'000'000, 'v')});
  }
  ASSERT_TRUE(store_->apply("p/f", std::move(log_to_checkpoint)));
  for (const TimePoint end = in(std::chrono::seconds(20));
       vfs_.calls(FaultVfs::Call::sync, "-mark") == synced && Clock::now() < end;) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ASSERT_GT(vfs_.calls(FaultVfs::Call::sync, "-mark"), synced);
  crash();
  for (const char* suffix : {"", "-wal", "-shm"}) put_back("early", suffix);
  expect_refused({path(), "was told"});
}

}  // namespace
}  // namespace sluice::store
