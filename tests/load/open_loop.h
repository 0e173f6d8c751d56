// SPDX-License-Identifier: Apache-2.0
// OpenLoop: requests by a schedule that no answer holds up, so that a server that falls behind is
// seen to: latencies count from the time at which a request was due. One thread, a bounded number
// of sockets. A request that finds none free waits for one, as long as its patience lasts.
#pragma once

#include <csignal>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "answer.h"
#include "descriptor.h"
#include "outcomes.h"
#include "people.h"
#include "schedule.h"

namespace load {

struct OpenLoopOptions {
  std::string host = "127.0.0.1";
  int port = 0;
  std::string path = "/";
  std::string name_prefix = "u";  // of a user's name, before his number
  Bodies bodies{"buy\n", "sold out.\n"};
  unsigned sockets = 1000;
  unsigned sources = 1;  // addresses of the clients: 127.0.1.1 and those after it
  double new_share = 0;  // of the requests that take a connection of their own, and close it
  bool waits = true;     // for a free socket; else a request that finds none is not made
  double patience = 5;   // seconds from when it was due to giving up
  double deadline = 1;   // seconds; a 200 within it is good
  std::uint64_t seed = 1;
};

class OpenLoop {
 public:
  OpenLoop(OpenLoopOptions options, Schedule schedule, People people);
  // Until the schedule is over, or `*stopped` is set, and every request has its outcome.
  void run(const volatile std::sig_atomic_t& stopped);

  [[nodiscard]] nlohmann::json report() const;
  [[nodiscard]] const People& people() const { return people_; }

 private:
  struct Request {
    std::uint64_t user = 0;
    bool known = false;
    bool fresh = false;  // takes a connection of its own
    Clock::duration due{};
  };
  enum class State : std::uint8_t { closed, connecting, waiting, idle, ending };
  struct Slot {
    Descriptor descriptor;
    State state = State::closed;
    std::uint64_t turn = 0;  // counts the requests: which of them a timeout is for
    Request request;
    std::string input;
  };
  struct Timeout {
    std::size_t slot;
    std::uint64_t turn;
    Clock::duration at;
  };

  [[nodiscard]] Clock::duration now() const { return Clock::now() - begin_; }
  void issue(Clock::duration until);
  void serve_queue();
  [[nodiscard]] bool place(const Request& request);
  void connect(std::size_t index);
  void send(std::size_t index);
  void on_event(std::size_t index, std::uint32_t events);
  void receive(std::size_t index);
  void finish(std::size_t index, Outcome outcome);
  void close(std::size_t index);
  void expire();
  void wait_for_events();
  [[nodiscard]] bool busy() const { return waiting_ > 0 || !queue_.empty(); }

  const OpenLoopOptions options_;
  const Clock::duration patience_;
  Schedule schedule_;
  People people_;
  Outcomes outcomes_;
  std::mt19937_64 random_;
  Descriptor poll_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::vector<std::size_t> idle_;    // connected; may hold slots that are so no more
  std::vector<std::size_t> closed_;  // slots without a connection
  std::deque<Request> queue_;        // for want of a socket
  std::deque<Timeout> timeouts_;     // in the order of `at`
  std::size_t waiting_ = 0;          // slots with a request
  std::uint64_t connections_ = 0;
  std::uint64_t turned_away_ = 0;  // "no" to somebody who was in
  std::string text_;
  Clock::time_point begin_;
};

}  // namespace load
