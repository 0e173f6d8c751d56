// SPDX-License-Identifier: Apache-2.0
// Bulk changes on disk beside failing steps and other failing changes, step by step.
#include "store/embedded/job_writer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "store/embedded/connection.h"
#include "store/embedded/testing/faults.h"

namespace sluice::store {
namespace {

using Call = FaultVfs::Call;
using Rows = std::map<std::string, std::string>;

std::int64_t jobs_in(const std::string& path) {
  auto connection = Connection::open(path);
  EXPECT_TRUE(connection);
  return connection ? connection->integer("SELECT count(*) FROM jobs").value_or(-1) : -1;
}

// The medium alone, as the journal and administration call it.
class Staging : public testing::Test {
 protected:
  void SetUp() override {
    auto medium = SqliteMedium::open(directory_.path(), {.durability = Durability::disk,
                                                         .vfs = vfs_.name(),
                                                         .presence = {},
                                                         .logger = Logger(),
                                                         .boot = "boot"});
    ASSERT_TRUE(medium) << medium.error().message;
    medium_ = std::move(*medium);
    for (int i = 0; i < 100; ++i) rows_["k" + std::to_string(i)] = "v" + std::to_string(i);
  }
  NodePtr import() {
    auto node = std::make_unique<Node>();
    node->bulk = std::make_unique<Bulk>();
    for (const auto& [key, value] : rows_) {
      node->bulk->puts.push_back({Record::make(key, value), 0, Op::put});
    }
    return node;
  }
  void stage_all(Node& node) {
    for (bool done = false; !done;) {
      const auto staged = medium_->stage("p/f", *node.bulk);
      ASSERT_TRUE(staged) << staged.error().message;
      done = *staged;
    }
  }
  void finish_all() {
    for (bool more = true; more;) {
      const auto finished = medium_->finish_some();
      ASSERT_TRUE(finished) << finished.error().message;
      more = *finished;
    }
  }
  void commit(Node& node) {
    Node first;
    first.next.store(&node, std::memory_order_relaxed);
    node.version = 1;
    Batch batch{.ns = "p/f", .after = &first, .last = &node, .version = 1, .fence = 0};
    const auto written = medium_->write({&batch, 1});
    ASSERT_TRUE(written) << written.error().message;
  }
  bool change_document() {
    const DocumentChange change{"objects", "shop", "{}"};
    return medium_->change_documents({&change, 1}).has_value();
  }
  void fail_next_write() { vfs_.fail(Call::write, "-wal", 0, 1, SQLITE_IOERR_WRITE); }
  Rows loaded() {
    Rows rows;
    EXPECT_TRUE(medium_->load(
        "p/f", [&](std::string_view key, std::string_view value) { rows.emplace(key, value); }));
    return rows;
  }

  [[nodiscard]] std::string path() const { return directory_.path() + "/sluice.db"; }

  TestDirectory directory_;
  FaultVfs vfs_{12};
  std::unique_ptr<Medium> medium_;
  Rows rows_;
};

// The next change begins with a new connection, which finds the job and its rows in the file.
TEST_F(Staging, OutlivesAnotherChangeThatFails) {
  const NodePtr node = import();
  stage_all(*node);
  fail_next_write();
  EXPECT_FALSE(change_document());
  EXPECT_TRUE(change_document());
  finish_all();
  commit(*node);
  EXPECT_EQ(loaded(), rows_);
}

// SQLite gives the number of the job that was undone to the next one.
TEST_F(Staging, ThatFailedAndIsDroppedLeavesTheNextOne) {
  const NodePtr failed = import();
  fail_next_write();
  EXPECT_FALSE(medium_->stage("p/f", *failed->bulk));
  EXPECT_TRUE(change_document());
  medium_->drop_staged(*failed->bulk);
  const NodePtr next = import();
  stage_all(*next);
  finish_all();
  commit(*next);
  EXPECT_EQ(loaded(), rows_);
}

// Nothing else changes the file meanwhile.
TEST_F(Staging, IsFinishedAfterAnyStepThatFails) {
  bool failed = true;
  for (int writes = 0; failed; ++writes) {
    const NodePtr node = import();
    stage_all(*node);
    commit(*node);
    vfs_.fail(Call::write, "-wal", writes, 1, SQLITE_IOERR_WRITE);
    failed = false;
    for (bool more = true; more;) {
      const auto finished = medium_->finish_some();
      failed = failed || !finished;
      more = finished.value_or(true);
    }
    vfs_.heal();
    ASSERT_EQ(jobs_in(path()), 0) << "after " << writes << " writes";
    ASSERT_EQ(loaded(), rows_);
    ASSERT_LT(writes, 200);
  }
}

class FailingSteps : public Faults {
 protected:
  void import() {
    std::vector<Entry> entries;
    for (int i = 0; i < kKeys; ++i) entries.push_back({key(i), "v"});
    ASSERT_TRUE(store_->apply("p/f", std::move(entries)));
  }
  // Blocks until all commits are in the file, and no job.
  void finish() {
    ASSERT_TRUE(well()) << store_->health();
    const TimePoint end = in(std::chrono::seconds(20));
    while (jobs_in(path()) != 0) {
      ASSERT_LT(Clock::now(), end) << store_->health();
      (void)store_->erase("p/f", "none");  // lets the journal take the next step at once
    }
    ASSERT_TRUE(well()) << store_->health();
  }
  Rows in_memory() {
    return cores_.on(0, [&] {
      Rows rows;
      View& view = store_->view(cores_.core(0), "p/f");
      for (int i = 0; i < kKeys; ++i) {
        if (const auto value = get(view, key(i))) rows[key(i)] = *value;
      }
      return rows;
    });
  }
  static std::string key(int i) { return "x/" + std::to_string(i); }

  static constexpr int kKeys = 20;
};

// From the first staged row to the last step behind the commit.
TEST_F(FailingSteps, ADeleteIsWholeOnDiskAsItIsInMemory) {
  open();
  bool failed = true;
  for (int writes = 0; failed; ++writes) {
    import();
    finish();
    const int before = vfs_.calls(Call::write, "-wal");
    vfs_.fail(Call::write, "-wal", writes, 1, SQLITE_IOERR_WRITE);
    (void)store_->erase_all("p/f", "x/");
    finish();
    failed = vfs_.calls(Call::write, "-wal") - before > writes;
    vfs_.heal();
    ASSERT_EQ(contents(), in_memory()) << "after " << writes << " writes";
    ASSERT_LT(writes, 200);
  }
}

}  // namespace
}  // namespace sluice::store
