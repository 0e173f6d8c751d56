// SPDX-License-Identifier: Apache-2.0
// Histories of three members on a real etcd, with the real filters and what hands exchanges over,
// under faults: strict serializability in real time, each effect at most once, told means stored.
//
//   SLUICE_HISTORIES=1000   so many seeds
//   SLUICE_SEED=7           the first; the same seed makes the same faults and programs, but not
//   the
//                           same interleaving
//   SLUICE_HISTORY_FILE=…   where a history that is wrong is written
//   SLUICE_HISTORY_PROGRESS tells each seed
#include <gtest/gtest.h>

#include <iostream>

#include "filters/wasm_host/testing/history_trouble.h"

namespace sluice::filters {
namespace {

using testing::HistoryCluster;
using testing::HistoryPlan;
using testing::HistoryTrouble;

class ClusterHistory : public ::testing::Test {
 protected:
  // "" or the fault.
  std::string play(const HistoryPlan& plan) {
    HistoryCluster cluster(cores_, *engine_, plan);
    if (auto trouble = cluster.start_all(); !trouble.empty()) return "cannot begin: " + trouble;
    HistoryTrouble trouble(cluster);
    cluster.play();
    trouble.make();
    if (auto reason = trouble.mend(); !reason.empty()) return "cannot begin again: " + reason;
    cluster.stop_playing();
    cluster.deliver_all();
    std::string fault = cluster.play_last();
    cluster.deliver_all();
    const std::string judged = cluster.judge();
    if (!judged.empty()) fault = judged;
    told_ += cluster.told();
    written_ += cluster.written();
    unknown_ += cluster.unknown_written();
    return fault;
  }

  store::TestCores cores_{1};
  const std::unique_ptr<wasm::Engine> engine_ =
      *wasm::Engine::create({.guests_max = 400, .accept_text = true});
  std::size_t told_ = 0;
  std::size_t written_ = 0;
  std::size_t unknown_ = 0;
};

TEST_F(ClusterHistory, WithoutFaultsEveryProgramIsAnswered) {
  EXPECT_EQ(play(HistoryPlan::calm(1)), "");
  EXPECT_GT(told_, 20U);
  EXPECT_GT(written_, 10U);
}

TEST_F(ClusterHistory, IsStrictlySerializable) {
  const unsigned first = store::number_from_environment("SLUICE_SEED", 1);
  const unsigned histories = store::number_from_environment("SLUICE_HISTORIES", 60);
  const TimePoint begin = Clock::now();
  for (unsigned i = 0; i < histories; ++i) {
    const unsigned seed = first + i;
    if (std::getenv("SLUICE_HISTORY_PROGRESS")) std::cout << "seed " << seed << std::endl;
    const std::string fault = play(HistoryPlan::of(seed));
    ASSERT_EQ(fault, "") << "SLUICE_SEED=" << seed << " SLUICE_HISTORIES=1";
    if ((i + 1) % 50 != 0 && i + 1 != histories) continue;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - begin);
    std::cout << i + 1 << " histories, " << told_ << " runs told, " << written_
              << " have written, of these " << unknown_ << " without an answer, " << seconds.count()
              << " s" << std::endl;
  }
}

}  // namespace
}  // namespace sluice::filters
