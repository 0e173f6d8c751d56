// SPDX-License-Identifier: Apache-2.0
// Covers: wasi_files.cc, wasi_process.cc, wasi_descriptors.h, guest_runtime.cc
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "wasm/testing/test_guests.h"

namespace sluice::wasm {
namespace {

using testing::run;
using testing::World;

constexpr std::int32_t kBadf = 8;
constexpr std::int32_t kInval = 28;
constexpr std::int32_t kNotdir = 54;
constexpr std::int32_t kNotsock = 57;
constexpr std::int32_t kNotsup = 58;
constexpr std::int32_t kSpipe = 70;

struct Function {
  std::string_view name;
  std::string_view params;  // as in Signature
};

// Preview 1 as a whole (witx, wasi_snapshot_preview1); each returns errno, but proc_exit.
constexpr Function kPreview1[] = {
    {"args_get", "ii"},
    {"args_sizes_get", "ii"},
    {"clock_res_get", "ii"},
    {"clock_time_get", "iIi"},
    {"environ_get", "ii"},
    {"environ_sizes_get", "ii"},
    {"fd_advise", "iIIi"},
    {"fd_allocate", "iII"},
    {"fd_close", "i"},
    {"fd_datasync", "i"},
    {"fd_fdstat_get", "ii"},
    {"fd_fdstat_set_flags", "ii"},
    {"fd_fdstat_set_rights", "iII"},
    {"fd_filestat_get", "ii"},
    {"fd_filestat_set_size", "iI"},
    {"fd_filestat_set_times", "iIIi"},
    {"fd_pread", "iiiIi"},
    {"fd_prestat_dir_name", "iii"},
    {"fd_prestat_get", "ii"},
    {"fd_pwrite", "iiiIi"},
    {"fd_read", "iiii"},
    {"fd_readdir", "iiiIi"},
    {"fd_renumber", "ii"},
    {"fd_seek", "iIii"},
    {"fd_sync", "i"},
    {"fd_tell", "ii"},
    {"fd_write", "iiii"},
    {"path_create_directory", "iii"},
    {"path_filestat_get", "iiiii"},
    {"path_filestat_set_times", "iiiiIIi"},
    {"path_link", "iiiiiii"},
    {"path_open", "iiiiiIIii"},
    {"path_readlink", "iiiiii"},
    {"path_remove_directory", "iii"},
    {"path_rename", "iiiiii"},
    {"path_symlink", "iiiii"},
    {"path_unlink_file", "iii"},
    {"poll_oneoff", "iiii"},
    {"proc_exit", "i"},
    {"proc_raise", "i"},
    {"random_get", "ii"},
    {"sched_yield", ""},
    {"sock_accept", "iii"},
    {"sock_recv", "iiiiii"},
    {"sock_send", "iiiii"},
    {"sock_shutdown", "ii"},
};

std::string wasi_import(const Function& function) {
  std::string text = "(import \"wasi_snapshot_preview1\" \"" + std::string(function.name) +
                     "\" (func $" + std::string(function.name) + " (param";
  for (const char letter : function.params) text += letter == 'I' ? " i64" : " i32";
  text += ")";
  if (function.name != "proc_exit") text += " (result i32)";
  return text + "))";
}

// A guest that imports all of it.
std::string wasi_guest(const std::string& body, const std::string& more = "") {
  std::string text = "(module ";
  for (const Function& function : kPreview1) text += wasi_import(function);
  return text + "(memory (export \"memory\") 1) " + more + "(func (export \"run\") (result i32) " +
         body + "))";
}

// A call with these arguments; those that are missing are 0.
std::string call(std::string_view name, const std::vector<std::int64_t>& arguments = {}) {
  const auto* function =
      std::ranges::find_if(kPreview1, [&](const Function& f) { return f.name == name; });
  std::string text = "(call $" + std::string(name);
  for (std::size_t i = 0; i < function->params.size(); ++i) {
    const std::int64_t value = i < arguments.size() ? arguments[i] : 0;
    text += (function->params[i] == 'I' ? " (i64.const " : " (i32.const ") + std::to_string(value) +
            ")";
  }
  return text + ")";
}

std::int32_t answer(const World& world, const std::string& body) {
  const auto result = run(*world.must(wasi_guest(body)));
  EXPECT_TRUE(result) << body << ": " << result.error().message;
  return result.value_or(-1);
}

constexpr std::int64_t kOut = 1000;
constexpr std::int64_t kOutside = 65535;  // the last byte of the memory

TEST(Wasi, OffersPreview1) {
  const World world;
  EXPECT_EQ(answer(world, "(i32.const 7)"), 7);
  EXPECT_FALSE(
      world.link("(module (import \"wasi_snapshot_preview1\" \"thread_spawn\" (func))"
                 "(memory (export \"memory\") 1)"
                 "(func (export \"run\") (result i32) (i32.const 0)))"));
}

TEST(Wasi, OffersWhatHasNotChangedUnderItsOldName) {
  const World world;
  const auto guest = [](const std::string& name, const std::string& type) {
    return "(module (import \"wasi_unstable\" \"" + name + "\" (func" + type + "))" +
           "(memory (export \"memory\") 1)" + "(func (export \"run\") (result i32) (i32.const 0)))";
  };
  const std::string two = " (param i32 i32) (result i32)";
  const std::string four = " (param i32 i32 i32 i32) (result i32)";
  EXPECT_TRUE(world.link(guest("proc_exit", " (param i32)")));
  EXPECT_TRUE(world.link(guest("fd_write", four)));
  EXPECT_TRUE(world.link(guest("fd_fdstat_get", two)));
  EXPECT_FALSE(world.link(guest("fd_filestat_get", two))) << "its struct has changed";
  EXPECT_FALSE(world.link(guest("poll_oneoff", four))) << "so have its";
}

TEST(Wasi, ThereAreNoFilesWhateverTheDescriptor) {
  const World world;
  for (const Function& function : kPreview1) {
    const bool file = function.name.starts_with("path_") || function.name.starts_with("fd_");
    if (!file) continue;
    EXPECT_EQ(answer(world, call(function.name, {3, 3, 2})), kBadf) << function.name;
    EXPECT_EQ(answer(world, call(function.name, {-1, -1, 2})), kBadf) << function.name;
  }
  for (const std::string_view name :
       {"fd_advise", "fd_allocate", "fd_datasync", "fd_fdstat_set_flags", "fd_fdstat_set_rights",
        "fd_filestat_set_size", "fd_filestat_set_times", "fd_prestat_get", "fd_readdir", "fd_sync",
        "path_open", "path_filestat_get"}) {
    for (const std::int64_t descriptor : {0, 1, 2})
      EXPECT_EQ(answer(world, call(name, {descriptor})), kBadf) << name << " " << descriptor;
  }
}

TEST(Wasi, StandardDescriptorsAreNoFilesEither) {
  const World world;
  for (const std::int64_t descriptor : {0, 1, 2}) {
    EXPECT_EQ(answer(world, call("fd_seek", {descriptor, 0, 2, kOut})), kSpipe);
    EXPECT_EQ(answer(world, call("fd_seek", {descriptor, 0, 3, kOut})), kInval);
    EXPECT_EQ(answer(world, call("fd_tell", {descriptor, kOut})), kSpipe);
    EXPECT_EQ(answer(world, call("fd_prestat_dir_name", {descriptor})), kNotdir);
    EXPECT_EQ(answer(world, call("fd_pread", {descriptor})), descriptor == 0 ? kSpipe : kBadf);
    EXPECT_EQ(answer(world, call("fd_pwrite", {descriptor})), descriptor == 0 ? kBadf : kSpipe);
    for (const std::string_view name : {"sock_accept", "sock_recv", "sock_send", "sock_shutdown"})
      EXPECT_EQ(answer(world, call(name, {descriptor})), kNotsock) << name;
  }
  EXPECT_EQ(answer(world, call("sock_shutdown", {3})), kBadf);
}

// The memory is all ones before: what is 0 afterwards was written.
std::string after(const std::string& body, const std::string& load) {
  return "(memory.fill (i32.const 0) (i32.const 255) (i32.const 4096)) (if " + body +
         " (then (unreachable))) " + load;
}

TEST(Wasi, StatesOfDescriptors) {
  const World world;
  const auto at = [](const std::string& load, std::int64_t offset) {
    return "(" + load + " (i32.const " + std::to_string(kOut + offset) + "))";
  };
  const auto fdstat = [&](std::int64_t descriptor, const std::string& load) {
    return answer(world, after(call("fd_fdstat_get", {descriptor, kOut}), load));
  };
  for (const std::int64_t descriptor : {0, 1, 2}) {
    const std::int32_t rights = descriptor == 0 ? 2 : 64;  // fd_read, fd_write
    EXPECT_EQ(fdstat(descriptor, at("i32.load8_u", 0)), 0) << "no terminal";
    EXPECT_EQ(fdstat(descriptor, at("i32.load16_u", 2)), 0) << "flags";
    EXPECT_EQ(fdstat(descriptor, "(i32.wrap_i64 " + at("i64.load", 8) + ")"), rights);
    EXPECT_EQ(fdstat(descriptor, "(i32.wrap_i64 " + at("i64.load", 16) + ")"), rights);
    EXPECT_EQ(fdstat(descriptor, at("i32.load8_u", 24)), 255) << "not beyond its 24 bytes";
    const auto filestat = call("fd_filestat_get", {descriptor, kOut});
    for (int word = 0; word < 8; ++word) {
      EXPECT_EQ(answer(world, after(filestat, "(i64.eqz " + at("i64.load", 8 * word) + ")")), 1);
    }
    EXPECT_EQ(answer(world, after(filestat, at("i32.load8_u", 64))), 255);
  }
}

TEST(Wasi, StandardInputIsAtItsEnd) {
  const World world;
  EXPECT_EQ(answer(world, after(call("fd_read", {0, 0, 0, kOut}), "(i32.load (i32.const 1000))")),
            0);
  EXPECT_EQ(answer(world, call("fd_read", {1, 0, 0, kOut})), kBadf);
}

TEST(Wasi, ADescriptorIsClosedOnce) {
  const World world;
  for (const std::int64_t descriptor : {0, 1, 2}) {
    const std::string twice = "(i32.add (i32.mul " + call("fd_close", {descriptor}) +
                              " (i32.const 100)) " + call("fd_close", {descriptor}) + ")";
    EXPECT_EQ(answer(world, twice), kBadf);
  }
  const auto closed = [&](std::string_view name) {
    return answer(world, "(drop " + call("fd_close", {1}) + ") " + call(name, {1, 0, 0, kOut}));
  };
  for (const std::string_view name : {"fd_write", "fd_fdstat_get", "fd_filestat_get", "fd_tell",
                                      "fd_seek", "sock_shutdown", "fd_prestat_dir_name"})
    EXPECT_EQ(closed(name), kBadf) << name;
}

TEST(Wasi, RenumberMovesADescriptor) {
  const World world;
  const auto moved = [&](std::int64_t from, std::int64_t to, const std::string& then) {
    return answer(world,
                  "(if " + call("fd_renumber", {from, to}) + " (then (unreachable))) " + then);
  };
  EXPECT_EQ(moved(0, 1, call("fd_read", {1, 0, 0, kOut})), 0) << "1 is what 0 was";
  EXPECT_EQ(moved(0, 1, call("fd_read", {0, 0, 0, kOut})), kBadf) << "0 is closed";
  EXPECT_EQ(moved(1, 1, call("fd_tell", {1, kOut})), kSpipe) << "onto itself: nothing changes";
  EXPECT_EQ(answer(world, call("fd_renumber", {0, 3})), kBadf);
  EXPECT_EQ(answer(world, call("fd_renumber", {3, 0})), kBadf);
}

TEST(Wasi, NoArgumentsAndNoEnvironment) {
  const World world;
  for (const std::string_view name : {"args_sizes_get", "environ_sizes_get"}) {
    const std::string sizes = call(name, {kOut, kOut + 4});
    EXPECT_EQ(answer(world, after(sizes, "(i32.load (i32.const 1000))")), 0) << name;
    EXPECT_EQ(answer(world, after(sizes, "(i32.load (i32.const 1004))")), 0) << name;
  }
  EXPECT_EQ(answer(world, call("args_get")), 0);
  EXPECT_EQ(answer(world, call("environ_get")), 0);
}

TEST(Wasi, ClocksTellTheTime) {
  const World world;
  const auto seconds = [&](std::int64_t clock) {
    return answer(world, "(if " + call("clock_time_get", {clock, 0, kOut}) +
                             " (then (unreachable))) (i32.wrap_i64 (i64.div_u (i64.load (i32.const "
                             "1000)) (i64.const 1000000000)))");
  };
  const auto since = [](auto clock) {
    return std::chrono::duration_cast<std::chrono::seconds>(clock.time_since_epoch()).count();
  };
  const auto real = since(std::chrono::system_clock::now());
  const auto steady = since(std::chrono::steady_clock::now());
  EXPECT_GE(seconds(0), real);
  EXPECT_LE(seconds(0), since(std::chrono::system_clock::now()));
  EXPECT_GE(seconds(1), steady) << "the clock that poll_oneoff waits by";
  EXPECT_LE(seconds(1), since(std::chrono::steady_clock::now()));
  for (const std::int64_t clock : {0, 1}) {
    const std::string nonzero = "(i64.ne (i64.load (i32.const 1000)) (i64.const 0))";
    EXPECT_EQ(answer(world, "(if " + call("clock_res_get", {clock, kOut}) +
                                " (then (unreachable))) " + nonzero),
              1);
  }
  for (const std::string_view name : {"clock_res_get", "clock_time_get"}) {
    for (const std::int64_t clock : {2, 3}) EXPECT_EQ(answer(world, call(name, {clock})), kBadf);
    for (const std::int64_t clock : {4, -1}) EXPECT_EQ(answer(world, call(name, {clock})), kInval);
  }
}

// A runtime that sleeps until a point in time asks the clock first.
TEST(Wasi, ASleepUntilATimeOfTheClockTakesThatLong) {
  const World world;
  const auto instance = world.must(wasi_guest(
      "(drop " + call("clock_time_get", {1, 0, 24}) + ")" +
      // One subscription at 0: clock 1, absolute, 30 ms from now.
      "(i64.store (i32.const 24) (i64.add (i64.load (i32.const 24)) (i64.const 30000000)))"
      "(i32.store (i32.const 16) (i32.const 1)) (i32.store16 (i32.const 40) (i32.const 1))" +
      call("poll_oneoff", {0, 1000, 1, 2000})));
  const TimePoint begin = Clock::now();
  EXPECT_EQ(run(*instance).value_or(-1), 0);
  EXPECT_GE(Clock::now() - begin, std::chrono::milliseconds(30));
}

TEST(Wasi, ProcessFunctions) {
  const World world;
  EXPECT_EQ(answer(world, call("sched_yield")), 0);
  EXPECT_EQ(answer(world, call("proc_raise", {6})), kNotsup);
  for (const std::int64_t status : {0, 3, 200}) {
    const auto instance = world.must(wasi_guest(call("proc_exit", {status}) + "(i32.const 1)"));
    const auto ended = run(*instance);
    ASSERT_FALSE(ended);
    EXPECT_TRUE(ended.error().message.starts_with("the guest called proc_exit(" +
                                                  std::to_string(status) + ")"))
        << ended.error().message;
    EXPECT_FALSE(instance->alive());
  }
}

TEST(Wasi, AnAnswerOutsideTheMemoryIsATrap) {
  const World world;
  for (const std::string& body :
       {call("fd_fdstat_get", {0, kOutside}), call("fd_filestat_get", {0, kOutside}),
        call("fd_read", {0, 0, 0, kOutside}), call("args_sizes_get", {kOutside, 0}),
        call("environ_sizes_get", {0, kOutside}), call("clock_time_get", {0, 0, kOutside}),
        call("clock_res_get", {1, kOutside})}) {
    const auto failed = run(*world.must(wasi_guest(body)));
    ASSERT_FALSE(failed) << body;
    EXPECT_NE(failed.error().message.find("outside the guest's memory"), std::string::npos);
  }
}

}  // namespace
}  // namespace sluice::wasm
