// SPDX-License-Identifier: Apache-2.0
// Assertions about the program's own invariants. Input from outside (clients, backends, guests,
// files, configuration) gives a Result and is never asserted.
//
//   SLUICE_ASSERT(condition, "what holds")        in every build
//   SLUICE_DEBUG_ASSERT(condition, "what holds")  in builds without NDEBUG, and with a sanitizer:
//                                                 for the way of a request. Not evaluated
//                                                 otherwise.
//
// A failed assertion writes "file:line: assertion failed: what holds (condition)" to standard error
// and aborts the process. Any thread.
#pragma once

namespace sluice {

#if !defined(NDEBUG) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kDebugAsserts = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool kDebugAsserts = true;
#else
inline constexpr bool kDebugAsserts = false;
#endif
#else
inline constexpr bool kDebugAsserts = false;
#endif

[[noreturn, gnu::cold]] void assertion_failed(const char* file, int line, const char* condition,
                                              const char* message) noexcept;

}  // namespace sluice

#define SLUICE_ASSERT(condition, message) \
  (static_cast<bool>(condition)           \
       ? static_cast<void>(0)             \
       : ::sluice::assertion_failed(__FILE_NAME__, __LINE__, #condition, message))

#define SLUICE_DEBUG_ASSERT(condition, message) \
  (!::sluice::kDebugAsserts ? static_cast<void>(0) : SLUICE_ASSERT(condition, message))
