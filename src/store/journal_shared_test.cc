// SPDX-License-Identifier: Apache-2.0
// The journal of a shared medium that has trouble of its own: it refuses nobody whom the fence
// allows to write.
#include <gtest/gtest.h>

#include <thread>

#include "store/chain_store.h"
#include "store/testing/contested_medium.h"
#include "store/testing/test_cores.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

class SharedJournal : public testing::Test {
 protected:
  SharedJournal() { EXPECT_TRUE(store_->prepare("p/f")); }
  std::string told(const std::string& value) {
    View& view = cores_.on(0, [&]() -> View& { return store_->view(cores_.core(0), "p/f"); });
    const Commit commit = cores_.on(0, [&] { return put(view, "k", value); });
    if (commit.status != CommitStatus::committed) return "not committed";
    const auto waited = cores_.await(0, [&] { return view.durable(commit.version, in(20s)); });
    return waited ? "durable" : waited.error().message;
  }
  template <class Condition>
  static void wait_until(const Condition& condition) {
    while (!condition()) std::this_thread::sleep_for(1ms);
  }

  TestCores cores_{1};
  ContestedMedium* const medium_ = new_medium();
  std::unique_ptr<ChainStore> store_ =
      std::make_unique<ChainStore>(std::unique_ptr<Medium>(medium_), 1, Logger(), Limits());

 private:
  static ContestedMedium* new_medium() { return std::make_unique<ContestedMedium>().release(); }
};

// A member that joins its cluster again has no lease for a moment, and may own a namespace.
TEST_F(SharedJournal, TroubleOfTheMediumRefusesNoWrite) {
  medium_->set_trouble("the lease of this member has ended");
  wait_until([&] { return !store_->health().empty(); });
  EXPECT_EQ(store_->health(), "the lease of this member has ended");
  EXPECT_EQ(told("1"), "durable");
  EXPECT_TRUE(store_->apply("p/f", {{"a", "1"}}));
  medium_->set_trouble("");
  wait_until([&] { return store_->health().empty(); });
}

TEST_F(SharedJournal, AWriteThatFailsRefusesUntilOneSucceeds) {
  ASSERT_EQ(told("1"), "durable");
  medium_->set_broken(true);
  EXPECT_NE(told("2"), "durable");
  EXPECT_EQ(told("3"), "not committed");
  EXPECT_FALSE(store_->apply("p/f", {{"a", "1"}}));
  EXPECT_NE(store_->health().find("p/f"), std::string::npos) << store_->health();
  medium_->set_broken(false);
  wait_until([&] { return store_->health().empty(); });
  EXPECT_EQ(told("4"), "durable");
  EXPECT_EQ(store_->status("p/f").committed, 3U) << "what was committed before is written, too";
}

TEST_F(SharedJournal, ALimitRefusesWhileNothingCanBeWritten) {
  ASSERT_EQ(told("1"), "durable");
  ASSERT_TRUE(store_->hold_limit("p/f", {.prefix = "k", .max = 1, .revision = 1}));
  medium_->set_broken(true);
  EXPECT_NE(told("2"), "durable");
  View& view = cores_.on(0, [&]() -> View& { return store_->view(cores_.core(0), "p/f"); });
  EXPECT_EQ(cores_.on(0, [&] { return put(view, "k2", "1"); }).status, CommitStatus::full);
  EXPECT_EQ(cores_.on(0, [&] { return put(view, "k", "3"); }).status, CommitStatus::unavailable);
  medium_->set_broken(false);
}

TEST(SharedJournalGroups, CommitsGatherBehindAGroup) {
  const Duration gathering = 100ms;
  ChainStore store(std::make_unique<ContestedMedium>(false, gathering), 1, Logger(), Limits());
  ASSERT_TRUE(store.prepare("p/f"));
  const TimePoint begin = Clock::now();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(store.apply("p/f", {{"k" + std::to_string(i), "v"}}));
  EXPECT_GE(Clock::now() - begin, 2 * gathering);
}

}  // namespace
}  // namespace sluice::store
