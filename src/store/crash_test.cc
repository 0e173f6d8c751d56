// SPDX-License-Identifier: Apache-2.0
// A child plays random programs on a store on disk and dies (kill -9) at a random event of its
// history. The file must then hold the history up to one version, which is no older than any
// version that was told.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "store/testing/broken_access.h"
#include "store/testing/crash_history.h"
#include "store/testing/player.h"
#include "store/testing/test_directory.h"

namespace sluice::store {
namespace {

constexpr unsigned kChildCores = 2;

[[noreturn]] void play_until_killed(const std::string& directory, int pipe, const Score& score,
                                    unsigned events, const MakeAccess& access) {
  TestCores cores{kChildCores};
  Limits limits;
  limits.bulk_entries_min = 4;  // covers both kinds: through the cores, and in steps
  auto store = open_embedded_store(directory, kChildCores, Logger(), limits);
  if (!store || !(*store)->prepare(Player::kNs)) _exit(1);
  HistoryInPipe history(pipe, events);
  Player(cores, **store, history).play(score, access);
  _exit(2);
}

std::string read_all(int pipe) {
  std::string text;
  char buffer[65536];
  ssize_t size = 0;
  while ((size = ::read(pipe, buffer, sizeof buffer)) > 0) {
    text.append(buffer, static_cast<std::size_t>(size));
  }
  return text;
}

// "" or the fault in the file after the crash.
std::string judge_crash(const Score& score, unsigned events,
                        const MakeAccess& access = honest_access) {
  const TestDirectory directory;
  int ends[2];
  if (::pipe(ends) != 0) return "pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    play_until_killed(directory.path(), ends[1], score, events, access);
  }
  ::close(ends[1]);
  const std::string text = read_all(ends[0]);
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!WIFSIGNALED(status)) return "the child ended with " + std::to_string(status);

  auto store = open_embedded_store(directory.path(), 1, Logger());
  if (!store) return store.error().message;
  if (auto ready = (*store)->prepare(Player::kNs); !ready) return ready.error().message;
  const auto page = (*store)->list(Player::kNs, "", "", 1000);
  if (!page) return page.error().message;
  Entries entries;
  for (const Entry& entry : page->entries) entries[entry.key] = entry.value;
  return CrashChecker(text).check((*store)->status(Player::kNs).durable, entries);
}

TEST(Crash, TheFileIsTheHistoryUpToAVersion) {
  std::printf("SLUICE_SEED=%u\n", first_seed());
  for (unsigned round = 0; round < rounds(12); ++round) {
    const unsigned seed = first_seed() + round;
    std::mt19937 random(seed);
    const Score score{.seed = seed,
                      .programs_per_stream = 100'000,
                      .one_in_waits = 2,
                      .changes = round % 2 * 100'000};
    ASSERT_EQ(judge_crash(score, 1 + random() % 3000), "") << "SLUICE_SEED=" << seed;
  }
}

TEST(Canary, ToldBeforeItIsOnDisk) {
  std::string fault;
  for (unsigned round = 0; round < 50 && fault.empty(); ++round) {
    const Score score{.seed = first_seed() + round, .programs_per_stream = 100'000};
    fault = judge_crash(score, 1000 + round,
                        [](View& view) { return std::make_unique<TellsTooEarly>(view); });
  }
  EXPECT_EQ(fault.find("told "), 0U) << fault;
}

// The judge detects an administrative change that was told and is missing from the file.
TEST(Canary, AChangeThatIsNotInTheFile) {
  const std::string history =
      "attempt 1 1 2 /k1 .5\ncommitted 1 1\nchange 0 1 2 /l1 .7\nchanged 0 0\n"
      "change 0 1 6 /l .\n";
  const CrashChecker checker(history);
  EXPECT_EQ(checker.check(2, {{"k1", "5"}, {"l1", "7"}}), "");
  EXPECT_EQ(checker.check(3, {{"k1", "5"}}), "") << "told or not, it may be there";
  EXPECT_NE(checker.check(1, {{"k1", "5"}}), "");
  EXPECT_NE(checker.check(2, {{"k1", "5"}, {"l1", "8"}}), "");
}

TEST(Canary, AWriteThatIsNotInTheFile) {
  std::string fault;
  for (unsigned round = 0; round < 50 && fault.empty(); ++round) {
    const Score score{
        .seed = first_seed() + round, .programs_per_stream = 100'000, .one_in_waits = 2};
    fault =
        judge_crash(score, 2000, [](View& view) { return std::make_unique<ForgetsAWrite>(view); });
  }
  EXPECT_NE(fault, "");
}

}  // namespace
}  // namespace sluice::store
