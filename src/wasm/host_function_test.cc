// SPDX-License-Identifier: Apache-2.0
#include "wasm/host_function.h"

#include <bit>
#include <cmath>
#include <limits>

#include "wasm/testing/test_guests.h"

namespace sluice::wasm {
namespace {

using testing::World;

// Records the arguments with which the host functions below were called.
struct Seen {
  std::int32_t i32 = 0;
  std::uint32_t u32 = 0;
  std::int64_t i64 = 0;
  std::uint64_t u64 = 0;
  float f32 = 0;
  double f64 = 0;
  std::string text;
  int calls = 0;

  void note(std::int32_t value) { i32 = value; }
  [[nodiscard]] std::int32_t noted() const { return i32; }
};

// A text with its length in front.
struct Prefixed {
  std::string_view text;
  static Result<Prefixed> from_guest(HostCall& call, std::uint32_t address) {
    SLUICE_TRY(const GuestMemory memory, call.memory());
    SLUICE_TRY(const auto size, memory.read<std::uint32_t>(address));
    SLUICE_TRY(const auto bytes, memory.at(address + 4, size));
    return Prefixed{{bytes.data(), bytes.size()}};
  }
};
// Two values that make one, and never fail.
struct Pair {
  double sum;
  static Pair from_guest(HostCall&, std::int64_t a, float b) {
    return {static_cast<double>(a) + static_cast<double>(b)};
  }
};
struct Given {
  std::string bytes;
  [[nodiscard]] Result<std::uint32_t> to_guest(HostCall& call) const {
    const auto size = static_cast<std::uint32_t>(bytes.size());
    SLUICE_TRY(const std::uint32_t address, call.call(testing::kAlloc, size));
    SLUICE_TRY(const GuestMemory memory, call.memory());
    SLUICE_TRY(const auto to, memory.at(address, size));
    std::ranges::copy(bytes, to.begin());
    return address;
  }
};

void take_all(Seen& seen, std::int32_t a, std::uint32_t b, std::int64_t c, std::uint64_t d, float e,
              double f) {
  ++seen.calls;
  seen.i32 = a, seen.u32 = b, seen.i64 = c, seen.u64 = d, seen.f32 = e, seen.f64 = f;
}
Result<void> take_span(std::span<const char> bytes, Seen& seen) {
  ++seen.calls;
  seen.text.assign(bytes.data(), bytes.size());
  return {};
}
std::uint32_t fill_span(std::int32_t with, std::span<char> bytes) {
  std::ranges::fill(bytes, static_cast<char>(with));
  return static_cast<std::uint32_t>(bytes.size());
}
Result<void> take_classes(HostCall&, Prefixed first, Pair pair, Prefixed second, Seen& seen) {
  ++seen.calls;
  seen.text = std::string(first.text) + "+" + std::string(second.text);
  seen.f64 = pair.sum;
  return {};
}
std::int32_t memory_pages(GuestMemory memory) {
  return static_cast<std::int32_t>(memory.size() >> 16);
}
std::int32_t give_i32() { return std::numeric_limits<std::int32_t>::min(); }
std::uint32_t give_u32() { return 4'000'000'000U; }
std::int64_t give_i64() { return std::numeric_limits<std::int64_t>::min(); }
std::uint64_t give_u64() { return std::numeric_limits<std::uint64_t>::max(); }
float give_f32() { return 0.1F; }
double give_f64() { return 0.1; }
Result<std::int64_t> give_or_fail(std::int32_t fails) {
  if (fails != 0) return fail(ErrorKind::invalid, "no value");
  return 77;
}
Given give_class(Prefixed text) { return {std::string(text.text) + "!"}; }
Result<Given> give_class_or_fail(std::int32_t fails) {
  if (fails != 0) return fail(ErrorKind::invalid, "no text");
  return Given{"text"};
}

constexpr HostFunction kHost[] = {
    host_function<take_all>("take_all"),
    host_function<take_span>("take_span"),
    host_function<fill_span>("fill_span"),
    host_function<take_classes>("take_classes"),
    host_function<memory_pages>("memory_pages"),
    host_function<give_i32>("give_i32"),
    host_function<give_u32>("give_u32"),
    host_function<give_i64>("give_i64"),
    host_function<give_u64>("give_u64"),
    host_function<give_f32>("give_f32"),
    host_function<give_f64>("give_f64"),
    host_function<give_or_fail>("give_or_fail"),
    host_function<give_class>("give_class"),
    host_function<give_class_or_fail>("give_class_or_fail"),
    host_function<&Seen::note>("note"),
    host_function<&Seen::noted>("noted"),
};
constexpr ImportModule kModules[] = {{.name = "test", .functions = kHost}};
constexpr Abi kAbi{kModules, testing::kGuest};

const HostFunction& named(std::string_view name) {
  return *std::ranges::find(kHost, name, &HostFunction::name);
}

TEST(HostFunction, ItsTypeIsThatOfTheCppFunction) {
  EXPECT_EQ(named("take_all").params, "iiIIfF");
  EXPECT_EQ(named("take_all").result, "");
  EXPECT_EQ(named("take_span").params, "ii");
  EXPECT_EQ(named("fill_span").params, "iii");
  EXPECT_EQ(named("fill_span").result, "i");
  EXPECT_EQ(named("take_classes").params, "iIfi");
  EXPECT_EQ(named("memory_pages").params, "");
  EXPECT_EQ(named("give_i64").result, "I");
  EXPECT_EQ(named("give_u64").result, "I");
  EXPECT_EQ(named("give_f32").result, "f");
  EXPECT_EQ(named("give_f64").result, "F");
  EXPECT_EQ(named("give_or_fail").result, "I");
  EXPECT_EQ(named("give_class").params, "i");
  EXPECT_EQ(named("give_class").result, "i");
  EXPECT_EQ(named("give_class_or_fail").result, "i");
  EXPECT_EQ(named("note").params, "i");
  EXPECT_EQ(named("noted").result, "i");
}

std::string spell(std::string_view letters, const char* keyword) {
  std::string out;
  for (const char c : letters) {
    const char* type = c == 'i' ? "i32" : c == 'I' ? "i64" : c == 'f' ? "f32" : "f64";
    out += std::string("(") + keyword + " " + type + ")";
  }
  return out;
}

class HostFunctions : public ::testing::Test {
 protected:
  // Runs a guest that imports everything, with `body` as run.
  Result<std::int32_t> run(const std::string& body, void* context) {
    std::string text = "(module ";
    for (const HostFunction& function : kHost) {
      const std::string name(function.name);
      text += "(import \"test\" \"" + name + "\" (func $" + name + spell(function.params, "param") +
              spell(function.result, "result") + "))";
    }
    text +=
        "(memory (export \"memory\") 1) (data (i32.const 16) \"\\03\\00\\00\\00abc\")"
        "(func (export \"alloc\") (param i32) (result i32) (i32.const 1024))"
        "(func (export \"run\") (result i32) " +
        body + "))";
    instance_ = world_.must(text, {.context = context});
    return testing::run(*instance_);
  }
  Result<std::int32_t> run(const std::string& body) { return run(body, &seen_); }
  std::string fault(const std::string& body) {
    const auto ran = run(body);
    EXPECT_FALSE(ran);
    EXPECT_FALSE(instance_->alive());
    return ran ? "" : ran.error().message;
  }

  World world_{kAbi};
  Seen seen_;
  std::unique_ptr<Instance> instance_;
};

TEST_F(HostFunctions, TakeValuesOfEveryType) {
  ASSERT_TRUE(
      run("(call $take_all (i32.const -1) (i32.const -1) (i64.const -1) (i64.const -1)"
          " (f32.const 0.1) (f64.const 0.1)) (i32.const 0)"));
  EXPECT_EQ(seen_.i32, -1);
  EXPECT_EQ(seen_.u32, 0xffffffffU);
  EXPECT_EQ(seen_.i64, -1);
  EXPECT_EQ(seen_.u64, 0xffffffffffffffffU);
  EXPECT_EQ(std::bit_cast<std::uint32_t>(seen_.f32), std::bit_cast<std::uint32_t>(0.1F));
  EXPECT_EQ(std::bit_cast<std::uint64_t>(seen_.f64), std::bit_cast<std::uint64_t>(0.1));
  ASSERT_TRUE(
      run("(call $take_all (i32.const -2147483648) (i32.const 0)"
          " (i64.const -9223372036854775808) (i64.const 1) (f32.const -inf)"
          " (f64.const nan)) (i32.const 0)"));
  EXPECT_EQ(seen_.i32, std::numeric_limits<std::int32_t>::min());
  EXPECT_EQ(seen_.i64, std::numeric_limits<std::int64_t>::min());
  EXPECT_TRUE(std::isinf(seen_.f32));
  EXPECT_TRUE(std::isnan(seen_.f64));
}

TEST_F(HostFunctions, GiveValuesOfEveryType) {
  const auto is = [&](const std::string& test) { return run(test).value_or(-1); };
  EXPECT_EQ(is("(i32.eq (call $give_i32) (i32.const -2147483648))"), 1);
  EXPECT_EQ(is("(i32.eq (call $give_u32) (i32.const 4000000000))"), 1);
  EXPECT_EQ(is("(i64.eq (call $give_i64) (i64.const -9223372036854775808))"), 1);
  EXPECT_EQ(is("(i64.eq (call $give_u64) (i64.const -1))"), 1);
  EXPECT_EQ(is("(f32.eq (call $give_f32) (f32.const 0.1))"), 1);
  EXPECT_EQ(is("(f64.eq (call $give_f64) (f64.const 0.1))"), 1);
  EXPECT_EQ(is("(i64.eq (call $give_or_fail (i32.const 0)) (i64.const 77))"), 1);
}

TEST_F(HostFunctions, AnErrorIsATrap) {
  EXPECT_EQ(fault("(drop (call $give_or_fail (i32.const 1))) (i32.const 0)"),
            "give_or_fail: no value, in run");
  EXPECT_EQ(fault("(call $give_class_or_fail (i32.const 1))"),
            "give_class_or_fail: no text, in run");
}

TEST_F(HostFunctions, SpansAreAddressAndSize) {
  ASSERT_TRUE(run("(call $take_span (i32.const 20) (i32.const 3)) (i32.const 0)"));
  EXPECT_EQ(seen_.text, "abc");
  ASSERT_TRUE(run("(call $take_span (i32.const 65536) (i32.const 0)) (i32.const 0)"));
  EXPECT_EQ(seen_.text, "") << "nothing, at the end";
  EXPECT_EQ(run("(drop (call $fill_span (i32.const 7) (i32.const 65535) (i32.const 1)))"
                "(i32.load8_u (i32.const 65535))")
                .value_or(-1),
            7);
}

TEST_F(HostFunctions, SpansOutsideTheMemoryAreATrapAndTheFunctionIsNotCalled) {
  for (const char* range : {"(i32.const 65535) (i32.const 2)", "(i32.const 65537) (i32.const 0)",
                            "(i32.const -1) (i32.const 1)", "(i32.const 0) (i32.const -1)",
                            "(i32.const -16) (i32.const 32)", "(i32.const 1) (i32.const 65536)"}) {
    EXPECT_NE(fault(std::string("(call $take_span ") + range + ") (i32.const 0)")
                  .find("outside the guest's memory of 65536 bytes"),
              std::string::npos)
        << range;
  }
  EXPECT_EQ(seen_.calls, 0);
}

TEST_F(HostFunctions, ClassesReadTheirValuesInOrder) {
  ASSERT_TRUE(
      run("(call $take_classes (i32.const 16) (i64.const 40) (f32.const 2) (i32.const 16))"
          "(i32.const 0)"));
  EXPECT_EQ(seen_.text, "abc+abc");
  EXPECT_EQ(seen_.f64, 42);
  EXPECT_NE(fault("(call $take_classes (i32.const 16) (i64.const 0) (f32.const 0)"
                  " (i32.const 65534)) (i32.const 0)")
                .find("take_classes: 4 bytes at address 65534 lie outside"),
            std::string::npos);
  EXPECT_EQ(seen_.calls, 1);
}

TEST_F(HostFunctions, ClassesGiveWhatTheGuestHasMadeRoomFor) {
  EXPECT_EQ(run("(i32.load (call $give_class (i32.const 16)))").value_or(-1), 0x21636261);
}

TEST_F(HostFunctions, SeeTheMemoryAndAreMembersOfTheContext) {
  EXPECT_EQ(run("(call $memory_pages)").value_or(-1), 1);
  EXPECT_EQ(run("(call $note (i32.const 5)) (i32.add (call $noted) (call $noted))").value_or(-1),
            10);
}

TEST_F(HostFunctions, WithoutAContextThoseThatNeedOneFail) {
  const auto ran = run("(call $note (i32.const 5)) (i32.const 0)", nullptr);
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().message, "note: called outside of a run, in run");
  EXPECT_EQ(run("(call $memory_pages)", nullptr).value_or(-1), 1);
}

TEST_F(HostFunctions, AGuestWithoutTheFunctionThatTheyCallIsTrapped) {
  const auto bare = world_.must(
      "(module (import \"test\" \"give_class\" (func $give (param i32) (result i32)))"
      "(memory (export \"memory\") 1) (func (export \"run\") (result i32) (call $give (i32.const "
      "0))))");
  EXPECT_EQ(testing::run(*bare).error().message,
            "give_class: the guest has no function alloc, in run");
}

// --- Calls into guests

constexpr GuestFunction<void()> kNothing{0, "nothing"};
constexpr GuestFunction<std::int64_t(std::int32_t, std::int64_t)> kTwo{1, "two"};
constexpr GuestFunction<double(float, double, std::uint32_t)> kThree{2, "three"};
constexpr GuestFunction<float(float)> kFloat{3, "float"};
constexpr GuestFunction<std::uint64_t(std::uint64_t)> kUnsigned{4, "unsigned"};
constexpr GuestFunction<std::uint32_t(std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t,
                                      std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t)>
    kEight{5, "eight"};
constexpr GuestFunction<void(std::int32_t, std::int32_t)> kOptional{6, "optional", false};
constexpr auto kManyExports =
    guest_exports(kNothing, kTwo, kThree, kFloat, kUnsigned, kEight, kOptional);

Result<std::int64_t> nested_two(HostCall& call, std::int32_t a, std::int64_t b) {
  return call.call(kTwo, a, b);
}
Result<void> nested_nothing(HostCall& call) { return call.call(kNothing); }
constexpr HostFunction kNestedHost[] = {host_function<nested_two>("two"),
                                        host_function<nested_nothing>("nothing")};
constexpr ImportModule kNestedModules[] = {{.name = "test", .functions = kNestedHost}};
constexpr Abi kManyAbi{kNestedModules, kManyExports};

std::string many(const std::string& two =
                     "(param i32 i64) (result i64)"
                     " (i64.sub (local.get 1) (i64.extend_i32_s (local.get "
                     "0)))") {
  return "(module (import \"test\" \"two\" (func $host_two (param i32 i64) (result i64)))"
         "(import \"test\" \"nothing\" (func $host_nothing))"
         "(memory (export \"memory\") 1) (global $calls (mut i32) (i32.const 0))"
         "(func (export \"nothing\") (global.set $calls (i32.add (global.get $calls) (i32.const "
         "1))))"
         "(func (export \"two\") " +
         two +
         ")"
         "(func (export \"three\") (param f32 f64 i32) (result f64)"
         " (f64.add (f64.mul (f64.promote_f32 (local.get 0)) (local.get 1))"
         "  (f64.convert_i32_u (local.get 2))))"
         "(func (export \"float\") (param f32) (result f32) (f32.neg (local.get 0)))"
         "(func (export \"unsigned\") (param i64) (result i64)"
         " (i64.sub (call $host_two (i32.const 1) (local.get 0)) (i64.const 0)))"
         "(func (export \"eight\") (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)"
         " (call $host_nothing)"
         " (i32.add (i32.mul (local.get 0) (i32.const 100))"
         "  (i32.add (i32.mul (local.get 7) (i32.const 10)) (global.get $calls)))))";
}

TEST(GuestFunctions, TakeArgumentsAndReturnResultsOfEveryType) {
  const World world(kManyAbi);
  const auto instance = world.must(many());
  const auto call = [&](const auto& function, auto... arguments) {
    return run_here(
        instance->call(function, Pace(), Clock::now() + std::chrono::seconds(5), arguments...));
  };
  EXPECT_TRUE(call(kNothing));
  EXPECT_EQ(call(kTwo, -2, std::int64_t{1} << 40).value_or(0), (std::int64_t{1} << 40) + 2);
  EXPECT_EQ(call(kThree, 1.5F, 2.0, 4'000'000'000U).value_or(0), 4'000'000'003.0);
  EXPECT_EQ(call(kFloat, 0.1F).value_or(0), -0.1F);
  EXPECT_EQ(call(kUnsigned, ~std::uint64_t{0}).value_or(0), ~std::uint64_t{0} - 1)
      << "through the host and back";
  EXPECT_EQ(call(kEight, 3U, 0U, 0U, 0U, 0U, 0U, 0U, 5U).value_or(0), 352U);
  EXPECT_TRUE(instance->has(kEight));
  EXPECT_FALSE(instance->has(kOptional));
}

TEST(GuestFunctions, AreCheckedWhenTheModuleIsLinked) {
  const World world(kManyAbi);
  const auto why = [&](const std::string& text) {
    const auto linked = world.link(text);
    return linked ? "" : linked.error().message;
  };
  EXPECT_EQ(why(many()), "");
  EXPECT_EQ(why(many("(param i32) (result i64) (i64.const 0)")),
            "the module does not fit: its function two is (i32) -> i64, must be (i32, i64) -> i64");
  EXPECT_EQ(why(many("(param i32 i64) (result f64) (f64.const 0)")),
            "the module does not fit: its function two is (i32, i64) -> f64, must be (i32, i64) -> "
            "i64");
  EXPECT_EQ(why(many("(param i32 i64)")),
            "the module does not fit: its function two is (i32, i64), must be (i32, i64) -> i64");
}

}  // namespace
}  // namespace sluice::wasm
