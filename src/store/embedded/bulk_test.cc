// SPDX-License-Identifier: Apache-2.0
// Covers: job_writer.cc
// Bulk changes on disk: complete or absent whenever the process ends, and files of layout 1.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "store/embedded/connection.h"
#include "store/embedded/testing/open_in.h"
#include "store/testing/test_cores.h"
#include "store/testing/test_directory.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

constexpr int kKeys = 5'000;

bool import(Store& store, std::string_view value) {
  const auto import = store.begin_import("p/f");
  if (!import) return false;
  for (int i = 0; i < kKeys; ++i) {
    if (!(*import)->add("id/" + std::to_string(i), value)) return false;
  }
  return (*import)->commit().has_value();
}

// In a child: imports and deletes until it is killed. Writes to the pipe when it begins ("x"), and
// each change that was told: an import ("i") of the next number, or a delete ("d") of all.
[[noreturn]] void change_until_killed(const TestDirectory& directory, int pipe) {
  auto store = open_embedded_store(directory.path(), 1, Logger());
  if (!store) _exit(1);
  if (::write(pipe, "x", 1) != 1) _exit(2);
  for (int i = 0;; ++i) {
    if (!import(**store, std::to_string(i))) _exit(3);
    if (::write(pipe, "i", 1) != 1) _exit(2);
    if (i % 3 != 2) continue;
    if (!(*store)->erase_all("p/f", "id/")) _exit(4);
    if (::write(pipe, "d", 1) != 1) _exit(2);
  }
}

// Whether a file may hold `value` ("" for nothing) after the changes `told`, and perhaps one more.
bool may_follow(const std::string& told, const std::string& value, bool first_life) {
  const auto imports = std::ranges::count(told, 'i');
  const std::string last = std::to_string(imports - 1);
  const std::string next = std::to_string(imports);
  if (told.empty()) return !first_life || value.empty() || value == next;
  if (told.back() == 'd') return value.empty() || value == next;
  const bool delete_is_next = (imports - 1) % 3 == 2;
  return value == last || (delete_is_next ? value.empty() : value == next);
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
    std::string told(1 << 16, '\0');
    told.resize(
        static_cast<std::size_t>(std::max<ssize_t>(::read(ends[0], told.data(), told.size()), 0)));
    ::close(ends[0]);
    ASSERT_TRUE(WIFSIGNALED(status)) << status;

    TestCores cores{1};
    const auto store = open_in(directory);
    ASSERT_NE(store, nullptr);
    for (int look = 0; look < 2; ++look) {  // before all rows are moved, and perhaps after
      const Contents contents = scan(*store);
      EXPECT_TRUE(contents.keys == 0 || contents.keys == kKeys) << contents.keys;
      ASSERT_LE(contents.values.size(), 1U);
      const std::string value = contents.values.empty() ? "" : *contents.values.begin();
      EXPECT_TRUE(may_follow(told, value, round == 0)) << "`" << value << "` after " << told;
      EXPECT_EQ(store->count("p/f", "id/"), contents.keys);
      ASSERT_TRUE(store->prepare("p/f"));
      View& view = cores.on(0, [&]() -> View& { return store->view(cores.core(0), "p/f"); });
      EXPECT_EQ(cores.await(0, [&] { return count_many(view, "id/"); }), contents.keys);
    }
  }
}

// A run's write is newer than the rows that a job is still moving to `data`.
TEST(EmbeddedBulk, WhatIsWrittenMeanwhileStays) {
  const TestDirectory directory;
  std::map<std::string, std::string> expected;
  {
    TestCores cores{1};
    const auto store = open_in(directory);
    ASSERT_TRUE(store->prepare("p/f"));
    View& view = cores.on(0, [&]() -> View& { return store->view(cores.core(0), "p/f"); });
    ASSERT_TRUE(import(*store, "import"));
    for (int i = 0; i < kKeys; ++i) expected["id/" + std::to_string(i)] = "import";
    const auto write = [&](const std::string& key, bool erase) {
      const bool told = cores.await(0, [&]() -> Task<bool> {
        Transaction transaction(view);
        erase ? transaction.erase(key) : transaction.put(key, "run");
        const Commit commit = view.commit(transaction);
        co_return (co_await view.durable(commit.version, in(20s))).has_value();
      });
      ASSERT_TRUE(told);
      erase ? (void)expected.erase(key) : (void)(expected[key] = "run");
    };
    for (int i = kKeys - 1; i > 0; i -= 250) write("id/" + std::to_string(i), i % 500 < 250);
  }
  const auto store = open_in(directory);
  ASSERT_NE(store, nullptr);
  std::map<std::string, std::string> found;
  EXPECT_TRUE(store->scan("p/f", "", [&](std::string_view key, std::string_view value) {
    found.emplace(key, value);
    return true;
  }));
  EXPECT_EQ(found, expected);
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
    // Another thread stores the prefix a little later.
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
