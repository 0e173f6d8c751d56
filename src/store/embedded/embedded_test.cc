// SPDX-License-Identifier: Apache-2.0
// Covers: connection.cc, schema.cc, sqlite_medium.cc, sqlite_medium_reader.cc
// The properties of a store on disk only: it outlives its process, owns its directory alone, and
// handles disks that are full, read-only or damaged.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "store/embedded/testing/open_in.h"
#include "store/testing/test_cores.h"
#include "store/testing/test_directory.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

std::string error_of(const std::string& directory) {
  const auto store = open_embedded_store(directory, 1, Logger());
  return store ? "" : store.error().message;
}

TEST(Embedded, ComesBackAsItWas) {
  const TestDirectory directory;
  Version version = 0;
  {
    TestCores cores{1};
    const auto store = open_in(directory);
    ASSERT_TRUE(store->prepare("p/f"));
    const DocumentChange object{"objects", "pipeline", "{}"};
    ASSERT_TRUE(store->change_documents({&object, 1}));
    cores.on(0, [&] {
      View& view = store->view(cores.core(0), "p/f");
      for (int i = 0; i < 5'000; ++i)
        version = put(view, "id/" + std::to_string(i), "true").version;
      Transaction t(view);
      t.erase("id/0");
      version = view.commit(t).version;
    });
  }  // an orderly end writes what is left
  TestCores cores{2};
  const auto store = open_in(directory, 2);
  ASSERT_TRUE(store->prepare("p/f"));
  EXPECT_EQ(store->status("p/f").durable, version);
  for (unsigned i = 0; i < 2; ++i) {
    View& view = cores.on(i, [&]() -> View& { return store->view(cores.core(i), "p/f"); });
    EXPECT_EQ(cores.await(i, [&] { return count_many(view, "id/"); }), 4'999U + i);
    cores.on(i, [&] {
      EXPECT_EQ(get(view, "id/0"), std::nullopt);
      EXPECT_EQ(get(view, "id/4999"), "true");
      EXPECT_GT(put(view, "id/x" + std::to_string(i), "true").version, version);
    });
  }
  EXPECT_EQ(store->documents("objects")->entries.size(), 1U);
}

// As in a hot restart: the old process still runs, and refuses writes that the new one accepts.
TEST(Embedded, AClosedStoreGivesItsDirectoryUp) {
  const TestDirectory directory;
  TestCores cores{1};
  const auto old = open_in(directory);
  ASSERT_TRUE(old->prepare("p/f"));
  View& view = cores.on(0, [&]() -> View& { return old->view(cores.core(0), "p/f"); });
  cores.on(0, [&] { (void)put(view, "id/told", "true"); });
  old->close();
  const auto fresh = open_in(directory);
  ASSERT_NE(fresh, nullptr);
  ASSERT_TRUE(fresh->prepare("p/f"));
  EXPECT_EQ(fresh->list("p/f", "", {}, 10)->entries.size(), 1U) << "what was left is written";
  cores.on(0, [&] { EXPECT_EQ(put(view, "id/late", "true").status, CommitStatus::unavailable); });
  EXPECT_EQ(fresh->list("p/f", "", {}, 10)->entries.size(), 1U);
  old->close();  // a second close has no effect
}

TEST(Embedded, OneServerPerDirectory) {
  const TestDirectory directory;
  auto first = open_in(directory);
  const auto second = open_embedded_store(directory.path(), 1, Logger());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::conflict);
  EXPECT_NE(second.error().message.find(directory.path()), std::string::npos);
  first.reset();
  EXPECT_TRUE(open_embedded_store(directory.path(), 1, Logger()));
}

// Writes 120 MB without a pause. Without checkpoints, the log would hold them all.
TEST(Embedded, TheLogStaysShort) {
  const TestDirectory directory;
  const auto store = open_in(directory);
  std::uintmax_t longest = 0;
  for (int i = 0; i < 600; ++i) {
    const std::string value(200'000, static_cast<char>('a' + i % 26));
    const DocumentChange change{"objects", i % 2 == 0 ? "even" : "odd", value};
    ASSERT_TRUE(store->change_documents({&change, 1}));
    longest = std::max(longest, std::filesystem::file_size(directory.path() + "/sluice.db-wal"));
  }
  EXPECT_LT(longest, 64U << 20);
  EXPECT_EQ(store->documents("objects")->entries.size(), 2U);
}

TEST(Embedded, IsPrivate) {
  const TestDirectory directory;
  const TestDirectory parent;
  const std::string made = parent.path() + "/a/b";
  const auto store = open_embedded_store(made, 1, Logger());
  ASSERT_TRUE(store);
  for (const char* name : {"/sluice.db", "/sluice.db-wal", "/sluice.lock"}) {
    struct stat info {};
    ASSERT_EQ(::stat((made + name).c_str(), &info), 0) << name;
    EXPECT_EQ(info.st_mode & 0777, 0600U) << name;
  }
}

TEST(Embedded, SaysWhatIsWrongWithTheFile) {
  const TestDirectory damaged;
  std::ofstream(damaged.path() + "/sluice.db") << std::string(8192, 'x');
  EXPECT_NE(error_of(damaged.path()).find("no database"), std::string::npos)
      << error_of(damaged.path());

  const TestDirectory newer;
  (void)open_in(newer);
  {
    std::fstream file(newer.path() + "/sluice.db", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(60);  // user_version, big-endian
    file.write("\0\0\0\x63", 4);
  }
  EXPECT_NE(error_of(newer.path()).find("newer version"), std::string::npos)
      << error_of(newer.path());
  {
    std::fstream file(newer.path() + "/sluice.db", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(68);  // application_id
    file.write("XXXX", 4);
  }
  EXPECT_NE(error_of(newer.path()).find("another program"), std::string::npos)
      << error_of(newer.path());
}

TEST(Embedded, SaysThatItMayNotWrite) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write anywhere";
  const TestDirectory directory;
  ASSERT_EQ(::chmod(directory.path().c_str(), 0500), 0);
  EXPECT_NE(error_of(directory.path()).find("sluice.lock"), std::string::npos);
  ::chmod(directory.path().c_str(), 0700);
}

TEST(Embedded, SaysThatThePathIsNoDirectory) {
  const TestDirectory directory;
  const std::string file = directory.path() + "/file";
  std::ofstream(file) << "x";
  EXPECT_NE(error_of(file).find(file), std::string::npos);
}

// A full disk: while this lives, no file of the process may grow past the limit.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) : old_handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit full{bytes, old_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &full);
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, old_handler_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit old_{};
  void (*old_handler_)(int);
};

TEST(Embedded, AFullDiskRefusesWritesUntilThereIsRoom) {
  const TestDirectory directory;
  TestCores cores{1};
  const auto store = open_in(directory);
  ASSERT_TRUE(store->prepare("p/f"));
  View& view = cores.on(0, [&]() -> View& { return store->view(cores.core(0), "p/f"); });
  const std::string value(10'000, 'v');
  std::vector<std::string> told;
  {
    const FullDisk full(200'000);
    CommitStatus status = CommitStatus::committed;
    for (int i = 0; i < 1000 && status == CommitStatus::committed; ++i) {
      const std::string key = "k" + std::to_string(i);
      const Commit commit = cores.on(0, [&] { return put(view, key, value); });
      status = commit.status;
      if (status != CommitStatus::committed) continue;
      if (cores.await(0, [&] { return view.durable(commit.version, in(20s)); }))
        told.push_back(key);
    }
    EXPECT_EQ(status, CommitStatus::unavailable);
    EXPECT_FALSE(told.empty());
    EXPECT_NE(store->health().find(directory.path()), std::string::npos) << store->health();
    EXPECT_EQ(store->apply("p/f", {{"k", "v"}}).error().kind, ErrorKind::unavailable);
    EXPECT_EQ(cores.on(0, [&] { return get(view, told.front()); }), value);
  }
  for (int i = 0; i < 5000 && !store->health().empty(); ++i) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(store->health(), "");
  EXPECT_EQ(cores.on(0, [&] { return put(view, "after", "v"); }).status, CommitStatus::committed);
  EXPECT_GT(store->count("p/f", "").value_or(0), told.size());
  for (const auto& key : told) {
    EXPECT_EQ(store->list("p/f", key, "", 1)->entries.at(0).value, value) << key;
  }
}

}  // namespace
}  // namespace sluice::store
