// SPDX-License-Identifier: Apache-2.0
// Bulk changes on disk: whole or not at all whenever the process ends, and files of layout 1.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <random>
#include <set>
#include <thread>

#include "store/embedded/connection.h"
#include "store/test_cores.h"
#include "store/test_directory.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

constexpr int kKeys = 5'000;

std::unique_ptr<Store> open_in(const TestDirectory& directory, unsigned cores = 1) {
  auto store = open_embedded_store(directory.path(), cores, Logger());
  EXPECT_TRUE(store) << store.error().message;
  return store ? std::move(*store) : nullptr;
}

bool import(Store& store, std::string_view value) {
  const auto import = store.begin_import("p/f");
  if (!import) return false;
  for (int i = 0; i < kKeys; ++i) {
    if (!(*import)->add("id/" + std::to_string(i), value)) return false;
  }
  return (*import)->commit().has_value();
}

// In a child: imports and deletes until it is killed; says so over the pipe when it begins.
[[noreturn]] void change_until_killed(const TestDirectory& directory, int pipe) {
  auto store = open_embedded_store(directory.path(), 1, Logger());
  if (!store) _exit(1);
  if (::write(pipe, "x", 1) != 1) _exit(2);
  for (int i = 0;; ++i) {
    if (!import(**store, std::to_string(i))) _exit(3);
    if (i % 3 == 2 && !(*store)->erase_all("p/f", "id/")) _exit(4);
  }
}

struct Contents {
  std::size_t keys = 0;
  std::set<std::string> values;
};

Contents scan(Store& store) {
  Contents contents;
  EXPECT_TRUE(store.scan("p/f", "", [&](std::string_view, std::string_view value) {
    ++contents.keys;
    contents.values.emplace(value);
    return true;
  }));
  return contents;
}

TEST(EmbeddedBulk, IsWholeOrNotAtAllAfterAKill) {
  const TestDirectory directory;
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 12; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) change_until_killed(directory, ends[1]);
    ::close(ends[1]);
    char ready = 0;
    ASSERT_EQ(::read(ends[0], &ready, 1), 1);
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 200'000));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    ::close(ends[0]);
    ASSERT_TRUE(WIFSIGNALED(status)) << status;

    TestCores cores{1};
    const auto store = open_in(directory);
    ASSERT_NE(store, nullptr);
    for (int look = 0; look < 2; ++look) {  // before all is in its place, and perhaps after
      const Contents contents = scan(*store);
      EXPECT_TRUE(contents.keys == 0 || contents.keys == kKeys) << contents.keys;
      EXPECT_LE(contents.values.size(), 1U);
      EXPECT_EQ(store->count("p/f", "id/"), contents.keys);
      ASSERT_TRUE(store->prepare("p/f"));
      View& view = cores.on(0, [&]() -> View& { return store->view(cores.core(0), "p/f"); });
      EXPECT_EQ(cores.await(0, [&] { return count_many(view, "id/"); }), contents.keys);
    }
  }
}

TEST(EmbeddedBulk, AFileOfLayout1IsTakenOver) {
  const TestDirectory directory;
  {
    const auto store = open_in(directory);
    ASSERT_TRUE(store->apply("p/f", {{"k", "v"}}));
  }
  {
    auto connection = Connection::open(directory.path() + "/sluice.db");
    ASSERT_TRUE(connection);
    ASSERT_TRUE(
        connection->execute("DROP TABLE jobs; DROP TABLE staged; DROP TABLE prefixes;"
                            "PRAGMA user_version = 1;"));
  }
  const auto store = open_in(directory);
  ASSERT_NE(store, nullptr);
  ASSERT_TRUE(import(*store, "new"));
  EXPECT_EQ(store->count("p/f", ""), kKeys + 1U);
}

TEST(EmbeddedBulk, CountedPrefixesOutliveARestart) {
  const TestDirectory directory;
  {
    TestCores cores{1};
    const auto store = open_in(directory);
    ASSERT_TRUE(import(*store, "v"));
    ASSERT_TRUE(store->prepare("p/f"));
    View& view = cores.on(0, [&]() -> View& { return store->view(cores.core(0), "p/f"); });
    EXPECT_EQ(cores.await(0, [&] { return count_many(view, "id/1"); }), 1'111U);
    // It is kept a little later, by another thread.
    for (int i = 0; i < 10'000; ++i) {
      auto connection = Connection::open(directory.path() + "/sluice.db");
      ASSERT_TRUE(connection);
      if (connection->integer("SELECT count(*) FROM prefixes").value_or(0) == 1) break;
      std::this_thread::sleep_for(1ms);
    }
  }
  TestCores cores{1};
  const auto store = open_in(directory);
  ASSERT_TRUE(store->prepare("p/f"));
  cores.on(0, [&] {
    Transaction t(store->view(cores.core(0), "p/f"));
    EXPECT_EQ(t.count("id/1"), 1'111U);
    EXPECT_FALSE(t.uncounted());
  });
}

}  // namespace
}  // namespace sluice::store
