// SPDX-License-Identifier: Apache-2.0
// Covers: failure.cc, guest_output.cc, guest_runtime.cc, host_call.cc, wasi_poll.cc
#include "wasm/instance.h"

#include <thread>

#include "loop/testing/run_to_completion.h"
#include "wasm/guest_output.h"
#include "wasm/testing/test_guests.h"

namespace sluice::wasm {
namespace {

using namespace std::chrono_literals;
using testing::guest;
using testing::run;
using testing::World;

TEST(Instance, CallsTheGuestAndTheHost) {
  const World world;
  const auto instance = world.must(guest("(call $add (i32.const 40) (i32.const 2))"));
  EXPECT_EQ(run(*instance).value(), 42);
  EXPECT_EQ(run(*instance).value(), 42);
  EXPECT_TRUE(instance->alive());
}

TEST(Instance, HostFunctionCallsTheGuestWhoseMemoryGrowsMeanwhile) {
  const World world;
  const auto instance = world.must(
      guest("(i32.load8_u (i32.add (call $copy (i32.const 8) (i32.const 3)) (i32.const 2)))",
            "(data (i32.const 8) \"abc\")"
            "(func (export \"alloc\") (param i32) (result i32)"
            "  (i32.mul (memory.grow (i32.const 200)) (i32.const 65536)))"));
  EXPECT_EQ(run(*instance).value(), 'c');
}

TEST(Instance, TrapNamesTheFunctionAndKillsOnlyThisOne) {
  const World world;
  const auto doomed = world.must(guest("(call $deep)", "(func $deep (result i32) unreachable)"));
  const auto other = world.must(guest("(i32.const 7)"));
  const auto failed = run(*doomed);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "wasm `unreachable` instruction executed, in deep < run");
  EXPECT_FALSE(doomed->alive());
  EXPECT_EQ(run(*other).value(), 7);
}

TEST(Instance, HostErrorIsATrapWithItsText) {
  const World world;
  const auto instance = world.must(guest("(call $refuse) (i32.const 0)"));
  const auto failed = run(*instance);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "refuse: not today, in run");
}

TEST(Instance, EndlessLoopIsStoppedAtTheDeadline) {
  const World world;
  const auto instance = world.must(guest("(loop $l (br $l)) (i32.const 0)"));
  const TimePoint begin = Clock::now();
  const auto failed = run(*instance, 30ms);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, ErrorKind::timed_out);
  EXPECT_LT(Clock::now() - begin, 300ms);
  EXPECT_FALSE(instance->alive());
}

TEST(Instance, EndlessLoopInsideANestedCallIsUnwoundThroughTheHost) {
  const World world;
  const auto instance = world.must(guest("(call $copy (i32.const 0) (i32.const 1))",
                                         "(func (export \"alloc\") (param i32) (result i32)"
                                         " (loop $l (br $l)) (i32.const 0))"));
  EXPECT_EQ(run(*instance, 20ms).error().kind, ErrorKind::timed_out);
}

TEST(Instance, EndlessRecursionIsATrap) {
  const World world;
  const auto instance = world.must(guest("(call $run)"));
  EXPECT_NE(run(*instance).error().message.find("call stack exhausted"), std::string::npos);
}

TEST(Instance, RecursionThroughTheHostIsRefused) {
  const World world;
  const auto instance = world.must(guest("(call $copy (i32.const 0) (i32.const 1))",
                                         "(func (export \"alloc\") (param i32) (result i32)"
                                         " (call $copy (i32.const 0) (i32.const 1)))"));
  EXPECT_NE(run(*instance).error().message.find("copy called while the host called the guest"),
            std::string::npos);
}

TEST(Instance, DeepRecursionInBothGuestCallsFitsTheStack) {
  const World world;
  const std::string dig =
      "(func $dig (param i32) (result i32) (if (result i32) (i32.eqz (local.get 0))"
      " (then (call $copy (i32.const 0) (i32.const 1)))"
      " (else (call $dig (i32.sub (local.get 0) (i32.const 1))))))";
  const auto instance =
      world.must(guest("(call $dig (i32.const 5000))",
                       dig + "(func $down (export \"alloc\") (param i32) (result i32)"
                             " (call $down (local.get 0)))"));
  EXPECT_NE(run(*instance).error().message.find("call stack exhausted"), std::string::npos);
}

TEST(Instance, MemoryIsBounded) {
  const World world;
  const auto instance = world.must(
      guest(
          "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) (memory.size)"),
      {.memory_bytes_max = 1 << 20});
  EXPECT_EQ(run(*instance).value(), 16);
  const auto refused = world.instantiate(
      "(module (memory (export \"memory\") 100) (func (export \"run\") (result i32) (i32.const "
      "0)))",
      {.memory_bytes_max = 1 << 20});
  EXPECT_FALSE(refused);
  const auto full = world.must(guest("(drop (memory.grow (i32.const 14))) (unreachable)"),
                               {.memory_bytes_max = 1 << 20});
  const std::string said = run(*full).error().message;
  EXPECT_TRUE(said.ends_with("; its memory has 1 of at most 1 MiB (maxMemory)")) << said;
}

TEST(Instance, CollectedMemoryIsBoundedToo) {
  const World world;
  const auto instance =
      world.must(guest("(loop $l (global.set $all (struct.new $n (global.get $all)"
                       " (array.new_default $a (i32.const 10000)))) (br $l)) (i32.const 0)",
                       "(type $a (array (mut i8)))"
                       "(rec (type $n (struct (field (ref null $n)) (field (ref $a)))))"
                       "(global $all (mut (ref null $n)) (ref.null $n))"),
                 {.memory_bytes_max = 1 << 20});
  const auto failed = run(*instance);
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().kind, ErrorKind::timed_out);
  EXPECT_NE(failed.error().message.find("GC heap out of memory"), std::string::npos)
      << failed.error().message;
}

// The memory of 20,000 runs' garbage, each object of which holds itself, is 40 times the limit.
TEST(Instance, CollectsCyclesAndKeepsWhatAGlobalHolds) {
  const World world;
  const auto instance = world.must(
      guest("(local $i i32) (local $a (ref null $n))"
            "(if (ref.is_null (global.get $kept)) (then (global.set $kept"
            "  (struct.new $n (i32.const 17) (struct.new $n (i32.const 25) (ref.null $n))))))"
            "(loop $l (local.set $a (struct.new $n (local.get $i) (ref.null $n)))"
            "  (struct.set $n $next (local.get $a) (local.get $a))"
            "  (local.set $i (i32.add (local.get $i) (i32.const 1)))"
            "  (br_if $l (i32.lt_u (local.get $i) (i32.const 100))))"
            "(i32.add (struct.get $n $value (global.get $kept))"
            "  (struct.get $n $value (struct.get $n $next (global.get $kept))))",
            "(rec (type $n (struct (field $value i32) (field $next (mut (ref null $n))))))"
            "(global $kept (mut (ref null $n)) (ref.null $n))"),
      {.memory_bytes_max = 1 << 20});
  for (int i = 0; i < 20'000; ++i) ASSERT_EQ(run(*instance).value(), 42) << i;
}

// The pool has room for 258.
TEST(Instance, CollectedGuestsTakeNoPlaceOfOthers) {
  const World world({.guests_max = 1, .accept_text = true});
  const std::string collected =
      "(type $a (array (mut i8)))"
      "(global $all (mut (ref null $a)) (ref.null $a))";
  std::vector<std::unique_ptr<Instance>> alive;
  for (int i = 0; i < 300; ++i) {
    alive.push_back(world.must(
        guest("(global.set $all (array.new_default $a (i32.const 10))) (i32.const 7)", collected)));
    ASSERT_EQ(run(*alive.back()).value(), 7);
  }
  EXPECT_EQ(run(*world.must(guest("(i32.const 3)"))).value(), 3);
}

TEST(Instance, AnExceptionThatNobodyCatchesIsATrap) {
  const World world;
  const auto instance = world.must(guest("(throw $oops (i32.const 1))", "(tag $oops (param i32))"));
  EXPECT_FALSE(run(*instance));
  EXPECT_FALSE(instance->alive());
}

TEST(Instance, AddressesOutsideAreRefused) {
  const World world;
  for (const char* range : {"(i32.const -1) (i32.const 1)", "(i32.const 65535) (i32.const 2)",
                            "(i32.const 0) (i32.const -1)", "(i32.const -16) (i32.const 32)"}) {
    const auto instance = world.must(guest(std::string("(call $copy ") + range + ")"));
    EXPECT_NE(run(*instance).error().message.find("outside the guest's memory"), std::string::npos)
        << range;
  }
}

TEST(Instance, InitializeRunsFirst) {
  const World world;
  const auto instance =
      world.must(guest("(global.get $g)",
                       "(global $g (mut i32) (i32.const 0))"
                       "(func (export \"_initialize\") (global.set $g (i32.const 5)))"
                       "(func (export \"_start\") unreachable)"));
  EXPECT_EQ(run(*instance).value(), 5);
}

constexpr const char* kExiting =
    "(module (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))"
    "(memory (export \"memory\") 1) (global $g (mut i32) (i32.const 0))"
    "(func (export \"_start\") (global.set $g (i32.const 5)) (call $exit (i32.const %)))"
    "(func (export \"run\") (result i32) (global.get $g)))";

TEST(Instance, StartMayExitWithZeroOnly) {
  const World world;
  std::string text = kExiting;
  text.replace(text.find('%'), 1, "0");
  EXPECT_EQ(run(*world.must(text)).value(), 5);
  text = kExiting;
  text.replace(text.find('%'), 1, "3");
  const auto failed = world.instantiate(text);
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message.find("proc_exit(3)"), std::string::npos)
      << failed.error().message;
}

TEST(Instance, StartThatNeverEndsTimesOut) {
  const World world;
  for (const std::string start : {"(func $s (loop $l (br $l))) (start $s)",
                                  "(func (export \"_initialize\") (loop $l (br $l)))"}) {
    const auto failed = world.instantiate(guest("(i32.const 0)", start), {}, 20ms);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().kind, ErrorKind::timed_out);
  }
}

TEST(Instance, AbortIsDecoded) {
  const World world;
  const auto instance = world.must(
      "(module (import \"env\" \"abort\" (func $abort (param i32 i32 i32 i32)))"
      "(memory (export \"memory\") 1) (data (i32.const 4) "
      "\"\\06\\00\\00\\00n\\00\\e9\\00\\2d\\4e\")"
      "(data (i32.const 28) \"\\08\\00\\00\\00a\\00.\\00t\\00s\\00\")"
      "(func (export \"run\") (result i32)"
      " (call $abort (i32.const 8) (i32.const 32) (i32.const 3) (i32.const 9)) (i32.const 0)))");
  EXPECT_TRUE(run(*instance).error().message.starts_with("abort: né中 in a.ts(3:9)"));
}

// One subscription at 0, its events at 1000, their number at 2000. `timeout`: of a monotonic clock,
// in nanoseconds.
std::string poller(const std::string& timeout, const std::string& body) {
  return "(module (import \"wasi_snapshot_preview1\" \"poll_oneoff\" (func $p (param i32 i32 i32 "
         "i32) "
         "(result i32)))"
         "(memory (export \"memory\") 1)"
         "(func $poll (result i32)"
         " (i64.store (i32.const 0) (i64.const 77)) (i32.store (i32.const 16) (i32.const 1))"
         " (i64.store (i32.const 24) (i64.const " +
         timeout +
         "))"
         " (call $p (i32.const 0) (i32.const 1000) (i32.const 1) (i32.const 2000)))"
         "(func (export \"run\") (result i32) " +
         body + "))";
}

TEST(Instance, APollWithoutTimeoutIsAnsweredAtOnce) {
  const World world;
  const auto instance = world.must(
      poller("0",
             "(local $i i32) (loop $l (if (call $poll) (then (unreachable)))"
             " (if (i32.ne (i32.load (i32.const 2000)) (i32.const 1)) (then (unreachable)))"
             " (if (i64.ne (i64.load (i32.const 1000)) (i64.const 77)) (then (unreachable)))"
             " (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))"
             "  (i32.const 1000))))"
             " (local.get $i)"));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(run(*instance).value_or(-1), 1'000);
}

TEST(Instance, ASleepTakesItsTimeAndLetsOthersRun) {
  const World world;
  const auto instance = world.must(poller("30000000", "(drop (call $poll)) (call $poll)"));
  instance->start(testing::kRun);
  const TimePoint begin = Clock::now();
  int polls = 0;
  for (; !instance->poll(); ++polls) {
    const TimePoint wake = instance->wake_at();
    ASSERT_LT(wake, begin + std::chrono::seconds(10));
    std::this_thread::sleep_until(wake);
  }
  EXPECT_EQ(instance->finish(testing::kRun).value_or(-1), 0);
  EXPECT_GE(Clock::now() - begin, std::chrono::milliseconds(30));
  EXPECT_GE(polls, 1);
}

// It would go on as if it had slept, and its call would end well.
TEST(Instance, NobodyWakesASleeperEarly) {
  const World world;
  // It gives way in the loop behind the call, which takes many ticks.
  const std::string sleeper = poller(
      "3600000000000",
      "(local $i i32) (drop (call $poll)) (loop $l (br_if $l (i32.lt_u (local.tee $i (i32.add"
      " (local.get $i) (i32.const 1))) (i32.const 100000000)))) (i32.const 0)");
  const auto instance = world.must(sleeper);
  instance->start(testing::kRun);
  for (int i = 0; i < 100; ++i) ASSERT_FALSE(instance->poll());
  instance->kill();
  const auto other = world.must(sleeper);
  const TimePoint deadline = Clock::now() + std::chrono::milliseconds(50);
  EXPECT_FALSE(run_here(other->call(testing::kRun, Pace(), deadline)));
}

TEST(Instance, ASleepEndsAtTheDeadline) {
  const World world;
  const auto instance = world.must(poller("3600000000000", "(drop (call $poll)) (call $poll)"));
  const TimePoint deadline = Clock::now() + std::chrono::milliseconds(50);
  const auto done = run_here(instance->call(testing::kRun, Pace(), deadline));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::timed_out);
  EXPECT_FALSE(instance->alive());
}

TEST(Instance, OtherPollsAreAnsweredToo) {
  const World world;
  const auto with = [](const std::string& subscription, const std::string& count = "1") {
    return "(module (import \"wasi_snapshot_preview1\" \"poll_oneoff\" (func $p (param i32 i32 i32 "
           "i32) (result i32)))"
           "(memory (export \"memory\") 1)"
           "(func (export \"run\") (result i32) (local $e i32) " +
           subscription + " (local.set $e (call $p (i32.const 0) (i32.const 1000) (i32.const " +
           count +
           ") (i32.const 2000)))"
           " (i32.or (i32.shl (local.get $e) (i32.const 16))"
           "  (i32.load16_u (i32.const 1008)))))";
  };
  const auto result = [&](const std::string& text) { return run(*world.must(text)).value_or(-1); };
  const auto kind = [](int tag, int fd) {
    return "(i32.store8 (i32.const 8) (i32.const " + std::to_string(tag) +
           ")) (i32.store (i32.const 16) (i32.const " + std::to_string(fd) + "))";
  };
  EXPECT_EQ(result(with(kind(1, 0))), 0) << "standard input is at its end";
  EXPECT_EQ(result(with(kind(2, 1))), 0) << "standard output is ready";
  EXPECT_EQ(result(with(kind(2, 5))), 8) << "badf";
  EXPECT_EQ(result(with(kind(0, 9))), 28) << "inval: no such clock";
  EXPECT_EQ(result(with("", "0")), 28 << 16);
  EXPECT_EQ(result(with("", "65")), -1) << "a trap";
  EXPECT_EQ(result(with("", "-1")), -1) << "a trap";
}

TEST(GuestWords, AreKeptFromTheBeginningAndTheEnd) {
  GuestWords words;
  EXPECT_EQ(words.line(), "");
  words.add("panic: stock\n\n\tgoroutine\x1b 1\n");
  EXPECT_EQ(words.line(), "panic: stock goroutine 1");
  for (int i = 0; i < 10'000; ++i) words.add("at main.go\n");
  words.add("exit status 2\n");
  EXPECT_TRUE(words.line().starts_with("panic: stock"));
  EXPECT_TRUE(words.line().ends_with("exit status 2"));
  EXPECT_LT(words.line().size(), 700U);
  words.forget();
  EXPECT_EQ(words.line(), "");
}

TEST(Instance, TheWordsOfAFailedCallAreKnown) {
  const World world;
  const auto instance = world.must(
      "(module (import \"wasi_snapshot_preview1\" \"fd_write\" (func $w (param i32 i32 i32 i32) "
      "(result i32)))"
      "(memory (export \"memory\") 1) (data (i32.const 0) \"\\10\\00\\00\\00\\05\\00\\00\\00\")"
      "(data (i32.const 16) \"oops\\n\")"
      "(func (export \"run\") (result i32)"
      " (drop (call $w (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 100))) "
      "(unreachable)))");
  EXPECT_NE(run(*instance).error().message.find(", in run"), std::string::npos)
      << "no function has a name";
  EXPECT_EQ(instance->words(), "oops");
}

// The guest says the same in each run, and fails in the second.
TEST(Instance, TheWordsOfEarlierCallsAreNot) {
  const World world;
  const auto instance = world.must(
      "(module (import \"wasi_snapshot_preview1\" \"fd_write\" (func $w (param i32 i32 i32 i32) "
      "(result i32)))"
      "(memory (export \"memory\") 1) (data (i32.const 0) \"\\10\\00\\00\\00\\05\\00\\00\\00\")"
      "(data (i32.const 16) \"oops\\n\") (global $runs (mut i32) (i32.const 0))"
      "(func (export \"run\") (result i32)"
      " (drop (call $w (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 100)))"
      " (global.set $runs (i32.add (global.get $runs) (i32.const 1)))"
      " (if (i32.eq (global.get $runs) (i32.const 2)) (then unreachable)) (i32.const 0)))");
  EXPECT_EQ(run(*instance).value(), 0);
  EXPECT_FALSE(run(*instance));
  EXPECT_EQ(instance->words(), "oops");
}

TEST(Instance, OnALoopALoopingGuestLetsOthersRun) {
  const World world;
  const auto looping = world.must(guest("(loop $l (br $l)) (i32.const 0)"));
  const auto quick = world.must(guest("(i32.const 1)"));
  loop::EventLoop loop;
  const Pace pace(loop);
  int served = 0;
  bool ended = false;
  const auto serve = [&]() -> Task<void> {
    while (served < 10 && !ended) {
      (void)co_await quick->call(testing::kRun, pace, Clock::now() + 10s);
      ++served;
      co_await loop.yield();
    }
    loop.stop();
  };
  const auto spin = [&]() -> Task<void> {
    (void)co_await looping->call(testing::kRun, pace, Clock::now() + 1h);
    ended = true;
  };
  loop.spawn(spin());
  loop.spawn(serve());
  loop.run();
  EXPECT_EQ(served, 10);
  EXPECT_FALSE(ended);
}

TEST(Instance, MayMoveToAnotherThread) {
  const World world;
  auto instance = world.must(guest("(call $add (i32.const 1) (i32.const 2))"));
  EXPECT_EQ(run(*instance).value(), 3);
  std::thread([moved = std::move(instance)] { EXPECT_EQ(run(*moved).value(), 3); }).join();
}

// Its state is a counter in memory, beyond the first page.
constexpr const char* kCounter = R"((module (memory (export "memory") 1)
  (func (export "init") (param i32) (drop (memory.grow (i32.const 1)))
    (i32.store (i32.const 70000) (i32.const 40)))
  (func (export "run") (result i32)
    (i32.store (i32.const 70000) (i32.add (i32.load (i32.const 70000)) (i32.const 1)))
    (i32.load (i32.const 70000)))))";

TEST(Instance, CopyGoesOnWhereTheSnapshotWasTaken) {
  const World world;
  const auto first = world.must(kCounter);
  const std::string before(first->memory().size(), '\0');
  ASSERT_TRUE(run_here(first->call(testing::kInit, Pace(), Clock::now() + 5s, 0)));
  ASSERT_EQ(run(*first).value(), 41);
  const Snapshot snapshot = first->snapshot(before);
  ASSERT_EQ(run(*first).value(), 42);

  const auto second = world.must(kCounter);
  ASSERT_TRUE(run_here(second->restore(snapshot, Pace())));
  EXPECT_EQ(run(*second).value(), 42);
  EXPECT_EQ(run(*second).value(), 43);

  const auto small = world.must(kCounter, {.memory_bytes_max = 64 << 10});
  EXPECT_EQ(run_here(small->restore(snapshot, Pace())).error().kind, ErrorKind::too_large);
}

// Fills 3 MiB.
constexpr const char* kLargeState = R"((module (memory (export "memory") 64)
  (func (export "init") (param i32)
    (memory.fill (i32.const 65536) (i32.const 1) (i32.const 3145728)))
  (func (export "run") (result i32) (i32.load8_u (i32.const 3000000)))))";

TEST(Instance, ACopyOfALargeStateGivesWay) {
  const World world;
  const auto first = world.must(kLargeState);
  const std::string before(first->memory().size(), '\0');
  ASSERT_TRUE(run_here(first->call(testing::kInit, Pace(), Clock::now() + 5s, 0)));
  const Snapshot snapshot = first->snapshot(before);
  const auto second = world.must(kLargeState);
  loop::EventLoop loop;
  bool other_work = false;
  const loop::EventLoop::Timer timer(loop, TimePoint{}, [&] { other_work = true; });
  ASSERT_TRUE(loop::run_to_completion(loop, second->restore(snapshot, Pace(loop))));
  EXPECT_TRUE(other_work);
  EXPECT_EQ(run(*second).value(), 1);
}

constexpr std::uint32_t kErrorPlace = 1024;
void ask_for_errors(HostCall& call) { call.send_errors_to(kErrorPlace, 8); }
Result<std::int32_t> refuse_as(std::int32_t kind) {
  return fail(static_cast<ErrorKind>(kind), "not today, and not tomorrow");
}
constexpr HostFunction kTellingHost[] = {host_function<ask_for_errors>("ask"),
                                         host_function<refuse_as>("refuse")};
constexpr ImportModule kTellingModules[] = {{.name = "test", .functions = kTellingHost}};
constexpr auto kTellingGuest = guest_exports(testing::kRun);
constexpr Abi kTellingAbi{kTellingModules, kTellingGuest};

// Returns 100 + the length of the error.
std::string asking(ErrorKind kind) {
  return R"((module (import "test" "ask" (func $ask))
    (import "test" "refuse" (func $refuse (param i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "run") (result i32) (call $ask)
      (i32.add (call $refuse (i32.const )" +
         std::to_string(static_cast<int>(kind)) +
         R"()) (i32.add (i32.const 100) (i32.load (i32.const 1024)))))))";
}

TEST(Instance, ErrorsGoToTheGuestThatAsks) {
  const World world(kTellingAbi);
  const auto guest = world.must(asking(ErrorKind::invalid));
  EXPECT_EQ(run(*guest).value(), 108);
  EXPECT_TRUE(guest->alive());
  const auto text = guest->memory().at(kErrorPlace + 4, 8);
  ASSERT_TRUE(text);
  EXPECT_EQ(std::string_view(text->data(), text->size()), "not toda");
}

TEST(Instance, ErrorsThatAreNotItsOwnTrapItAllTheSame) {
  const World world(kTellingAbi);
  const auto guest = world.must(asking(ErrorKind::unavailable));
  EXPECT_FALSE(run(*guest));
  EXPECT_FALSE(guest->alive());
}

}  // namespace
}  // namespace sluice::wasm
