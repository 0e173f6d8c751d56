// SPDX-License-Identifier: Apache-2.0
// Mutexes whose use clang checks (base/thread_annotations.h). They cost as much as those of the
// standard library. Not for the path of a request.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <shared_mutex>

#include "base/thread_annotations.h"

namespace sluice {

class SLUICE_CAPABILITY("mutex") Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;
  void lock() SLUICE_ACQUIRE() { mutex_.lock(); }
  void unlock() SLUICE_RELEASE() { mutex_.unlock(); }
  [[nodiscard]] bool try_lock() SLUICE_TRY_ACQUIRE(true) { return mutex_.try_lock(); }
  // For lambdas called with the mutex held, which clang cannot see. Does nothing at run time.
  void assert_held() const SLUICE_ASSERT_CAPABILITY(this) {}

 private:
  friend class Condition;
  std::mutex mutex_;
};

// A condition variable for a Mutex. Wake-ups may be spurious: test the condition in a loop.
class Condition {
 public:
  void notify_one() { condition_.notify_one(); }
  void notify_all() { condition_.notify_all(); }
  // Releases the mutex during the wait.
  void wait(Mutex& mutex) SLUICE_REQUIRES(mutex) {
    std::unique_lock lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }
  // Returns false if `deadline` has passed.
  template <class ItsClock, class ItsDuration>
  bool wait_until(Mutex& mutex, std::chrono::time_point<ItsClock, ItsDuration> deadline)
      SLUICE_REQUIRES(mutex) {
    std::unique_lock lock(mutex.mutex_, std::adopt_lock);
    const auto status = condition_.wait_until(lock, deadline);
    lock.release();
    return status == std::cv_status::no_timeout;
  }

 private:
  std::condition_variable condition_;
};

// A mutex with many readers or one writer.
class SLUICE_CAPABILITY("mutex") SharedMutex {
 public:
  SharedMutex() = default;
  SharedMutex(const SharedMutex&) = delete;
  SharedMutex& operator=(const SharedMutex&) = delete;
  void lock() SLUICE_ACQUIRE() { mutex_.lock(); }
  void unlock() SLUICE_RELEASE() { mutex_.unlock(); }
  void lock_shared() SLUICE_ACQUIRE_SHARED() { mutex_.lock_shared(); }
  void unlock_shared() SLUICE_RELEASE_SHARED() { mutex_.unlock_shared(); }

 private:
  std::shared_mutex mutex_;
};

// Holds a mutex alone, for its lifetime.
template <class AnyMutex>
class SLUICE_SCOPED_CAPABILITY ExclusiveLock {
 public:
  explicit ExclusiveLock(AnyMutex& mutex) SLUICE_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~ExclusiveLock() SLUICE_RELEASE() { mutex_.unlock(); }
  ExclusiveLock(const ExclusiveLock&) = delete;
  ExclusiveLock& operator=(const ExclusiveLock&) = delete;

 private:
  AnyMutex& mutex_;
};
using MutexLock = ExclusiveLock<Mutex>;
using WriterLock = ExclusiveLock<SharedMutex>;

// Holds a SharedMutex together with other readers, for its lifetime.
class SLUICE_SCOPED_CAPABILITY ReaderLock {
 public:
  explicit ReaderLock(SharedMutex& mutex) SLUICE_ACQUIRE_SHARED(mutex) : mutex_(mutex) {
    mutex_.lock_shared();
  }
  ~ReaderLock() SLUICE_RELEASE_GENERIC() { mutex_.unlock_shared(); }
  ReaderLock(const ReaderLock&) = delete;
  ReaderLock& operator=(const ReaderLock&) = delete;

 private:
  SharedMutex& mutex_;
};

}  // namespace sluice
