// SPDX-License-Identifier: Apache-2.0
// Result<T>: the return type of every function that can fail. No exception crosses a folder of
// Sluice.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice {

// The cause of an error, as far as a caller can act on it. control/ and admin/ map kinds to HTTP
// status codes.
enum class ErrorKind {
  invalid,      // the input is wrong; `details` may list every fault with its path
  not_found,    // the named object does not exist
  forbidden,    // the caller has no permission
  conflict,     // it exists already, or was changed by another caller
  unavailable,  // cannot be done now, may succeed later
  timed_out,    // took longer than its limit
  too_large,    // over a named limit
  closed,       // the peer went away
  lost,         // undone for good: another process's change came first. It may be done again
  internal,     // our own fault, or the operating system's
};

struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string message;  // one line, no newline at the end; says what to do if possible
  std::vector<std::string> details{};  // one line per fault, each `path: reason`; may be empty
};

template <class T>
using Result = std::expected<T, Error>;

// Makes the error that a function returns: return fail(ErrorKind::invalid, "...").
[[nodiscard]] inline std::unexpected<Error> fail(ErrorKind kind, std::string message,
                                                 std::vector<std::string> details = {}) {
  return std::unexpected(Error{kind, std::move(message), std::move(details)});
}

}  // namespace sluice

// Evaluates an expression of type Result<T>; returns its error from the enclosing function, or
// assigns the value: SLUICE_TRY(auto x, make_x());   For Result<void>: SLUICE_CHECK(do_it());
// In coroutines: SLUICE_CO_TRY / SLUICE_CO_CHECK.
#define SLUICE_CONCAT_(a, b) a##b
#define SLUICE_CONCAT(a, b) SLUICE_CONCAT_(a, b)
#define SLUICE_TRY_(tmp, ret, decl, ...)                 \
  auto tmp = (__VA_ARGS__);                              \
  if (!tmp) ret std::unexpected(std::move(tmp).error()); \
  decl = *std::move(tmp)
#define SLUICE_TRY(decl, ...) \
  SLUICE_TRY_(SLUICE_CONCAT(try_, __COUNTER__), return, decl, __VA_ARGS__)
#define SLUICE_CO_TRY(decl, ...) \
  SLUICE_TRY_(SLUICE_CONCAT(try_, __COUNTER__), co_return, decl, __VA_ARGS__)
#define SLUICE_CHECK(...)                                                                        \
  do {                                                                                           \
    if (auto check_ = (__VA_ARGS__); !check_) return std::unexpected(std::move(check_).error()); \
  } while (false)
#define SLUICE_CO_CHECK(...)                                \
  do {                                                      \
    if (auto check_ = (__VA_ARGS__); !check_)               \
      co_return std::unexpected(std::move(check_).error()); \
  } while (false)
