// SPDX-License-Identifier: Apache-2.0
// Random histories of two members on a real etcd, while transactions lose their answers, come late
// or not at all. The checker finds them strictly serializable, and each commit is made once.
#include <gtest/gtest.h>

#include <atomic>
#include <random>

#include "store/etcd/testing/etcd_medium_fixture.h"
#include "store/testing/rival.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

// Chooses faults at random. Any thread.
class RandomFaults {
 public:
  explicit RandomFaults(unsigned seed) : random_(seed) {}
  KvFault operator()(const pb::TxnRequest& txn) {
    const MutexLock lock(mutex_);
    const unsigned dice = random_() % 100;
    if (is_take(txn)) return dice < 10 ? KvFault::answer_lost : dice < 15 ? KvFault::late : kNone;
    if (is_step(txn)) return dice < 3 ? KvFault::answer_lost : dice < 6 ? KvFault::late : kNone;
    if (!is_group(txn)) return dice < 5 ? KvFault::lost : kNone;
    if (dice < 8) return KvFault::answer_lost;
    if (dice < 14) return KvFault::late;
    return dice < 18 ? KvFault::lost : kNone;
  }

 private:
  static constexpr KvFault kNone = KvFault::none;
  Mutex mutex_;
  std::mt19937 random_ SLUICE_GUARDED_BY(mutex_);
};

// Delivers the late transactions, each at some time.
class LateMail {
 public:
  LateMail(const EtcdOptions& options, std::shared_ptr<KvFaults> faults, unsigned seed)
      : faults_(std::move(faults)), network_(options, faults_), random_(seed) {
    thread_ = std::thread([this] { run(); });
  }
  ~LateMail() {
    stop_ = true;
    thread_.join();
  }
  LateMail(const LateMail&) = delete;
  LateMail& operator=(const LateMail&) = delete;

 private:
  void run() {
    std::vector<pb::TxnRequest> kept;
    while (!stop_) {
      for (auto& txn : faults_->take_late()) kept.push_back(std::move(txn));
      std::erase_if(kept, [&](const pb::TxnRequest& txn) {
        if (random_() % 8 != 0) return false;
        (void)network_.commit(txn);
        return random_() % 2 == 0;  // or once more
      });
      std::this_thread::sleep_for(std::chrono::milliseconds(1 + random_() % 10));
    }
  }
  const std::shared_ptr<KvFaults> faults_;
  EtcdRival network_;
  std::mt19937 random_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

std::string judge_with_faults(unsigned seed, Duration permit, unsigned changes,
                              OwnerAccess::Tally& tally) {
  TestCores cores{3};
  EtcdMedium::Options options;
  options.etcd = new_cluster();
  options.etcd.owner_wait = 1s;  // of many faults
  options.etcd.read_permit = permit;
  options.small_bulk_max = changes % 2 == 0 ? 1000 : 0;
  options.page_keys_max = 3;
  Limits limits;
  limits.keys_counted_at_once = 2;
  limits.bulk_entries_min = 4;
  auto opened = open_on_etcd(options, cores.count(), limits);
  if (!opened.trouble.empty()) return opened.trouble;
  if (!opened.store->prepare(Player::kNs)) return "the store does not open";
  EtcdRival rival(options.etcd, opened.faults);
  ToldHistory history;
  Player player(cores, *opened.store, history);
  KvFaults::Chosen chosen =
      opened.faults->choose([faults = std::make_shared<RandomFaults>(seed)](
                                const pb::TxnRequest& txn) { return (*faults)(txn); });
  {
    const LateMail mail(options.etcd, opened.faults, seed);
    const Rival other(rival, player.clock(), history, seed, {.pause_max = 40ms, .whole = 100ms});
    player.play({.seed = seed,
                 .streams_per_core = 4,
                 .programs_per_stream = 40,
                 .one_in_waits = 1,
                 .changes = changes},
                [&](View& view) { return std::make_unique<OwnerAccess>(view, tally); });
  }
  chosen.end();
  Checker checker(history.take());
  std::string fault = checker.check();
  Entries end;
  (void)opened.store->scan(Player::kNs, "", [&](std::string_view key, std::string_view value) {
    return end.emplace(key, value).second;
  });
  if (fault.empty() && end != checker.end()) fault = "end: the listing differs";
  return fault;
}

TEST(EtcdHistory, IsStrictlySerializableWhateverTheNetworkDoes) {
  OwnerAccess::Tally tally;
  std::printf("SLUICE_SEED=%u\n", first_seed());
  for (unsigned round = 0; round < rounds(4); ++round) {
    const unsigned seed = first_seed() + round;
    const Duration permit = round % 2 == 0 ? Duration() : 20ms;
    // Administration does not learn the fate of what it has no answer to: it makes no changes here.
    ASSERT_EQ(judge_with_faults(seed, permit, 0, tally), "") << "SLUICE_SEED=" << seed;
  }
  EXPECT_GT(tally.told, 500);
  EXPECT_GT(tally.lost, 0);
  std::printf("%d told, %d lost\n", tally.told.load(), tally.lost.load());
}

}  // namespace
}  // namespace sluice::store
