// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <limits>

#include "templates/arguments.h"
#include "templates/function_parts.h"
#include "templates/functions.h"

namespace sluice::templates {
namespace {

using Integer = std::int64_t;
constexpr Integer kLowest = std::numeric_limits<Integer>::min();

// Combines all arguments, from the left. `step` returns false if the result is no integer.
Result<Datum> fold(const Call& call, bool (*step)(Integer& total, Integer next)) {
  SLUICE_TRY(Integer total, integer_of(call, 0));
  for (std::size_t i = 1; i < call.size(); ++i) {
    SLUICE_TRY(const Integer next, integer_of(call, i));
    if (!step(total, next)) return wrong("the result is beyond 64 bits, or divided by 0");
  }
  return Datum(total);
}
Result<Datum> call_add(const Call& call) {
  return fold(call, [](Integer& a, Integer b) { return !__builtin_add_overflow(a, b, &a); });
}
Result<Datum> call_sub(const Call& call) {
  return fold(call, [](Integer& a, Integer b) { return !__builtin_sub_overflow(a, b, &a); });
}
Result<Datum> call_mul(const Call& call) {
  return fold(call, [](Integer& a, Integer b) { return !__builtin_mul_overflow(a, b, &a); });
}
bool can_divide(Integer a, Integer b) { return b != 0 && !(a == kLowest && b == -1); }
Result<Datum> call_div(const Call& call) {
  return fold(call, [](Integer& a, Integer b) {
    if (!can_divide(a, b)) return false;
    a /= b;
    return true;
  });
}
Result<Datum> call_mod(const Call& call) {
  return fold(call, [](Integer& a, Integer b) {
    if (!can_divide(a, b)) return false;
    a %= b;
    return true;
  });
}
Result<Datum> call_max(const Call& call) {
  return fold(call, [](Integer& a, Integer b) {
    a = std::max(a, b);
    return true;
  });
}
Result<Datum> call_min(const Call& call) {
  return fold(call, [](Integer& a, Integer b) {
    a = std::min(a, b);
    return true;
  });
}

Result<Datum> fold_real(const Call& call, double (*step)(double, double)) {
  SLUICE_TRY(double total, real_of(call, 0));
  for (std::size_t i = 1; i < call.size(); ++i) {
    SLUICE_TRY(const double next, real_of(call, i));
    total = step(total, next);
  }
  if (!std::isfinite(total)) return wrong("the result is no number: too large, or divided by 0");
  return Datum(total);
}
Result<Datum> call_addf(const Call& call) {
  return fold_real(call, [](double a, double b) { return a + b; });
}
Result<Datum> call_subf(const Call& call) {
  return fold_real(call, [](double a, double b) { return a - b; });
}
Result<Datum> call_mulf(const Call& call) {
  return fold_real(call, [](double a, double b) { return a * b; });
}
Result<Datum> call_divf(const Call& call) {
  return fold_real(call, [](double a, double b) { return a / b; });
}

Result<Datum> call_to_integer(const Call& call) {
  SLUICE_TRY(const Integer value, integer_of(call, 0));
  return Datum(value);
}

// Seconds since 1970.
Result<Datum> call_now(const Call& /*call*/) {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return Datum(Integer{std::chrono::duration_cast<std::chrono::seconds>(since).count()});
}

constexpr std::size_t kEvery = Function::kAnyNumber;

constexpr std::array kNumberFunctions = {
    Function{"add", 1, kEvery, call_add},
    Function{"sub", 2, 2, call_sub},
    Function{"mul", 1, kEvery, call_mul},
    Function{"div", 2, 2, call_div},
    Function{"mod", 2, 2, call_mod},
    Function{"max", 1, kEvery, call_max},
    Function{"min", 1, kEvery, call_min},
    Function{"addf", 1, kEvery, call_addf},
    Function{"subf", 1, kEvery, call_subf},
    Function{"mulf", 1, kEvery, call_mulf},
    Function{"divf", 1, kEvery, call_divf},
    Function{"atoi", 1, 1, call_to_integer},
    Function{"int64", 1, 1, call_to_integer},
    Function{"now", 0, 0, call_now},
    Function{"unixEpoch", 1, 1, call_to_integer},
};

}  // namespace

std::span<const Function> number_functions() { return kNumberFunctions; }

}  // namespace sluice::templates
