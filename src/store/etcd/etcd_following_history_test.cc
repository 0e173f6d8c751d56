// SPDX-License-Identifier: Apache-2.0
// Random histories of two members on a real etcd: one writes, the other one follows and reads, and
// a rival takes the namespace at times. The checker finds them strictly serializable, in the order
// of real time across the members.
#include <gtest/gtest.h>

#include "store/etcd/testing/etcd_rival.h"
#include "store/etcd/testing/etcd_under_test.h"
#include "store/testing/follower_reads.h"
#include "store/testing/rival.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

struct EtcdFollowedScore {
  int told = 0;
  int followed = 0;
};

// Member "one" writes and a rival takes the namespace away at times; reads happen on "two".
std::string judge_two_members(unsigned seed, Duration permit, unsigned changes,
                              EtcdFollowedScore& score) {
  TestCores cores{2};
  TestCores reading{2};
  EtcdMedium::Options options;
  options.etcd = new_cluster();
  options.etcd.owner_wait = 1s;  // of many faults
  options.etcd.read_permit = permit;
  options.small_bulk_max = 0;
  Limits limits;
  limits.keys_counted_at_once = 2;
  limits.bulk_entries_min = 4;
  auto one = open_on_etcd(options, cores.count(), limits);
  if (!one.trouble.empty() || !one.store->prepare(Player::kNs)) return "one does not open";
  options.etcd.member = "two";
  options.etcd.ask_owner = [&one](const loop::Core&, const Owner&, const std::string& ns,
                                  TimePoint) -> Task<Result<OwnerAnswer>> {
    const auto sent = one.store->last_sent(ns);
    if (!sent) co_return fail(ErrorKind::unavailable, "it may not say");
    co_return *sent;
  };
  auto two = open_on_etcd(options, reading.count(), limits);
  const KvFaults::Chosen reads_only = two.faults->choose(
      [](const pb::TxnRequest& txn) { return is_take(txn) ? KvFault::lost : KvFault::none; });
  if (!two.trouble.empty() || !two.store->prepare(Player::kNs)) return "two does not open";
  EtcdRival rival(options.etcd, one.faults);
  ToldHistory history;
  Player player(cores, *one.store, history);
  Readers readers(reading, *two.store, history, player.clock());
  OwnerAccess::Tally tally;
  {
    const Rival other(rival, player.clock(), history, seed, {.pause_max = 40ms, .whole = 80ms});
    readers.start(seed);
    player.play({.seed = seed,
                 .streams_per_core = 3,
                 .programs_per_stream = 50,
                 .one_in_waits = 1,
                 .changes = changes,
                 .ends_when_told = true},
                [&](View& view) { return std::make_unique<OwnerAccess>(view, tally); });
    readers.stop_after(100);
  }
  score.told += readers.told();
  score.followed += readers.followed();
  return Checker(history.take()).check();
}

TEST(EtcdFollowing, EveryHistoryOfTwoMembersIsStrictlySerializable) {
  std::printf("SLUICE_SEED=%u\n", first_seed());
  EtcdFollowedScore score;
  for (unsigned round = 0; round < rounds(4); ++round) {
    const unsigned seed = first_seed() + round;
    const Duration permit = round % 2 == 0 ? Duration() : 50ms;
    ASSERT_EQ(judge_two_members(seed, permit, round % 4 < 2 ? 0 : 20, score), "")
        << "SLUICE_SEED=" << seed;
  }
  EXPECT_GE(score.followed, 100);
  std::printf("%d told, %d of them by a follower\n", score.told, score.followed);
}

}  // namespace
}  // namespace sluice::store
