// SPDX-License-Identifier: Apache-2.0
// Annotations that name the mutex of each member, for clang's check (-Wthread-safety, part of `make
// lint`); empty for other compilers. Use them with base/mutex.h: libstdc++'s own mutexes are not
// annotated.
//
//   SLUICE_GUARDED_BY(mutex_)     a member that is read and written with the mutex held
//   SLUICE_PT_GUARDED_BY(mutex_)  a pointer whose target is
//   SLUICE_REQUIRES(mutex_)       a function that is called with the mutex held
//   SLUICE_EXCLUDES(mutex_)       a function that takes the mutex itself
//
// clang checks a lambda as a separate function: await a condition in a loop, not with a predicate,
// and begin other lambdas with mutex_.assert_held().
// https://clang.llvm.org/docs/ThreadSafetyAnalysis.html
#pragma once

#if defined(__clang__)
#define SLUICE_ANNOTATION_(x) __attribute__((x))
#else
#define SLUICE_ANNOTATION_(x)
#endif

#define SLUICE_CAPABILITY(name) SLUICE_ANNOTATION_(capability(name))
#define SLUICE_SCOPED_CAPABILITY SLUICE_ANNOTATION_(scoped_lockable)
#define SLUICE_GUARDED_BY(mutex) SLUICE_ANNOTATION_(guarded_by(mutex))
#define SLUICE_PT_GUARDED_BY(mutex) SLUICE_ANNOTATION_(pt_guarded_by(mutex))
#define SLUICE_ACQUIRED_BEFORE(...) SLUICE_ANNOTATION_(acquired_before(__VA_ARGS__))
#define SLUICE_REQUIRES(...) SLUICE_ANNOTATION_(requires_capability(__VA_ARGS__))
#define SLUICE_REQUIRES_SHARED(...) SLUICE_ANNOTATION_(requires_shared_capability(__VA_ARGS__))
#define SLUICE_ACQUIRE(...) SLUICE_ANNOTATION_(acquire_capability(__VA_ARGS__))
#define SLUICE_ACQUIRE_SHARED(...) SLUICE_ANNOTATION_(acquire_shared_capability(__VA_ARGS__))
#define SLUICE_RELEASE(...) SLUICE_ANNOTATION_(release_capability(__VA_ARGS__))
#define SLUICE_RELEASE_SHARED(...) SLUICE_ANNOTATION_(release_shared_capability(__VA_ARGS__))
#define SLUICE_RELEASE_GENERIC(...) SLUICE_ANNOTATION_(release_generic_capability(__VA_ARGS__))
#define SLUICE_TRY_ACQUIRE(...) SLUICE_ANNOTATION_(try_acquire_capability(__VA_ARGS__))
#define SLUICE_ASSERT_CAPABILITY(x) SLUICE_ANNOTATION_(assert_capability(x))
#define SLUICE_EXCLUDES(...) SLUICE_ANNOTATION_(locks_excluded(__VA_ARGS__))
#define SLUICE_RETURN_CAPABILITY(x) SLUICE_ANNOTATION_(lock_returned(x))
#define SLUICE_NO_THREAD_SAFETY_ANALYSIS SLUICE_ANNOTATION_(no_thread_safety_analysis)
