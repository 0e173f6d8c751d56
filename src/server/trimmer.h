// SPDX-License-Identifier: Apache-2.0
// Trimmer: a thread that has the allocator give free pages back to the system, which takes longer
// than a core may stand still; many connections that close or come to rest leave such pages.
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

  // Any thread; takes no lock. What is asked for while it is at work is one more time.
  void ask();

 private:
  enum class State { nothing, asked, end };
  void run();

  std::atomic<State> state_{State::nothing};
  std::thread thread_;  // last: it uses the above
};

}  // namespace sluice::server
