// SPDX-License-Identifier: Apache-2.0
// Files that are damaged at the start of the store, and while it is open.
#include <filesystem>
#include <fstream>

#include "store/embedded/testing/faults.h"

namespace sluice::store {
namespace {

namespace fs = std::filesystem;

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
    store_.reset();
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
  EXPECT_EQ(store_->count("p/f", "").value_or(0), 2'000U);
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

  // A crash leaves a torn end and a useless index.
  fs::resize_file(path("-wal"), size + 100);
  std::ofstream(path("-shm"), std::ios::trunc) << std::string(40'000, 'x');
  open();
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(knows(std::to_string(i)));
  crash();
  fs::resize_file(path("-wal"), fs::file_size(path("-wal")) - 10);
  open();
  EXPECT_TRUE(knows("8"));
}

TEST_F(Faults, DamageThatAReaderMeetsStopsTheWriterToo) {
  open();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(let_in(std::to_string(i), std::string(1'000, 'v')));
  store_.reset();  // all is in the file itself
  open();
  const auto size = static_cast<std::streamoff>(fs::file_size(path()));
  const auto half = size / 2 / 4096 * 4096;
  overwrite("", half, std::string(static_cast<std::size_t>(size - half), 'x'));
  const auto each = [](std::string_view, std::string_view) { return true; };
  EXPECT_FALSE(store_->scan("p/f", "", each));
  EXPECT_TRUE(ill());
  EXPECT_NE(store_->health().find("backup"), std::string::npos) << store_->health();
  EXPECT_FALSE(let_in("after"));
}

TEST_F(Faults, AStartThatIsCutOffLeavesNothing) {
  std::ofstream(path(".new")) << "half a database";
  open();
  EXPECT_TRUE(let_in("first"));
  EXPECT_FALSE(fs::exists(path(".new")));
}

}  // namespace
}  // namespace sluice::store
