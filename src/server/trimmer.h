// SPDX-License-Identifier: Apache-2.0
// Trimmer: a thread that has the allocator return free pages to the system. Such pages are left
// when many connections close or come to rest. Returning them takes longer than a core may pause.
#pragma once

#include <atomic>
#include <thread>

namespace sluice::server {

class Trimmer {
 public:
  Trimmer() : thread_([this] { run(); }) {}
  ~Trimmer();
  Trimmer(const Trimmer&) = delete;
  Trimmer& operator=(const Trimmer&) = delete;

  // Requests a trim. A request made during a trim causes one more trim. Any thread; takes no lock.
  void ask();

 private:
  enum class State { nothing, asked, end };
  void run();

  std::atomic<State> state_{State::nothing};
  std::thread thread_;  // last: it uses the members above
};

}  // namespace sluice::server
