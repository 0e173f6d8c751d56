// SPDX-License-Identifier: Apache-2.0
// For tests: what happens in the history of a seed. Plain data.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>

#include "base/time.h"

namespace sluice::filters::testing {

// Of the ways between the members. In percent. Delays are up to `late_max`.
struct RoadFaults {
  unsigned refused = 0;
  unsigned message_lost = 0;
  unsigned answer_lost = 0;
  unsigned late = 0;
  unsigned overtaken = 0;
  unsigned doubled = 0;
  unsigned unanswered = 0;  // questions
  Duration late_max = std::chrono::milliseconds(30);
};

// The faults of one history, in percent where nothing else is said.
struct HistoryPlan {
  unsigned seed = 0;
  Duration length = std::chrono::milliseconds(300);
  Duration permit{};
  std::size_t small_bulk_max = 1000;
  // Of each transaction of the namespace.
  unsigned answer_lost = 0;
  unsigned late = 0;
  unsigned lost = 0;
  unsigned no_space = 0;
  RoadFaults roads{};
  unsigned client_leaves = 0;
  // Of the moments of the trouble, which come every `pause_max / 2` on average.
  Duration pause_max = std::chrono::milliseconds(20);
  unsigned revoke = 0;
  unsigned move = 0;
  unsigned kill = 0;
  unsigned stop = 0;
  unsigned stall = 0;
  Duration stall_max = std::chrono::milliseconds(90);
  unsigned hold_watches = 0;
  unsigned end_watches = 0;
  unsigned change = 0;
  unsigned compact = 0;
  unsigned deliver = 0;
  // Of a sale: the limit of its users at the begin (0: there is none), and for how long the full
  // data is quiet before it is sealed.
  std::uint64_t limit = 0;
  Duration quiet{};
  unsigned raise = 0;

  static HistoryPlan of(unsigned seed) {
    std::mt19937 random(seed * 2654435761U + 17);
    HistoryPlan plan;
    plan.seed = seed;
    const auto some = [&](unsigned max) {
      return random() % 3 == 0 ? 0U : static_cast<unsigned>(random()) % (max + 1);
    };
    constexpr std::array kPermitTimes{0, 30, 100};
    plan.permit = std::chrono::milliseconds(kPermitTimes[random() % kPermitTimes.size()]);
    plan.small_bulk_max = random() % 2 == 0 ? 1000 : 3;
    plan.answer_lost = some(15);
    plan.late = some(10);
    plan.lost = some(10);
    plan.no_space = some(8);
    plan.roads = {.refused = some(5),
                  .message_lost = some(15),
                  .answer_lost = some(20),
                  .late = some(40),
                  .overtaken = some(30),
                  .unanswered = some(30),
                  .late_max = std::chrono::milliseconds(1 + random() % 40)};
    plan.client_leaves = some(10);
    plan.revoke = some(10);
    plan.move = some(15);
    plan.kill = some(6);
    plan.stop = some(3);
    plan.stall = some(15);
    plan.stall_max = std::chrono::milliseconds(30 + random() % 250);
    plan.hold_watches = some(15);
    plan.end_watches = some(10);
    plan.change = some(12);
    plan.compact = some(8);
    plan.deliver = some(30);
    plan.roads.doubled = some(20);
    if (random() % 3 == 0) plan.become_a_sale(random);
    return plan;
  }
  // It is sealed often: the pauses between its changes are longer.
  void become_a_sale(std::mt19937& random) {
    limit = 2 + random() % 2;
    quiet = std::chrono::milliseconds(5 + random() % 15);
    permit = std::chrono::milliseconds(random() % 2 == 0 ? 30 : 100);
    length = std::chrono::milliseconds(600);
    change = 1 + random() % 6;
    raise = random() % 3;
  }
  // A history without faults.
  static HistoryPlan calm(unsigned seed) {
    HistoryPlan plan;
    plan.seed = seed;
    return plan;
  }
};

}  // namespace sluice::filters::testing
