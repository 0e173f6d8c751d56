// SPDX-License-Identifier: Apache-2.0
// Sender: hands the exchanges of one core over to other members, and gives them their ids.
// Core-bound.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <utility>

#include "filters/wasm_host/handover/courier.h"
#include "filters/wasm_host/handover/message.h"
#include "store/random_id.h"

namespace sluice::filters {

class Sender {
 public:
  // `next`: the counter of the next id; outlives this, and no other Sender uses it meanwhile.
  Sender(store::RandomId incarnation, std::uint64_t& next, std::unique_ptr<Courier> courier)
      : incarnation_(incarnation), next_(next), floor_(next), courier_(std::move(courier)) {}
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  // The id of an exchange. The owner keeps its answer while this lives. Requires: the Sender
  // outlives it.
  class Ticket {
   public:
    explicit Ticket(Sender& sender) : sender_(&sender), counter_(sender.next_++) {
      sender.settled_.push_back(false);
    }
    Ticket(Ticket&& other) noexcept
        : sender_(std::exchange(other.sender_, nullptr)), counter_(other.counter_) {}
    Ticket& operator=(Ticket&&) = delete;
    ~Ticket() {
      if (sender_ != nullptr) sender_->settle(counter_);
    }
    [[nodiscard]] store::ExchangeId id() const { return {sender_->incarnation_, counter_}; }

   private:
    Sender* sender_;
    std::uint64_t counter_;
  };

  // HandedHead::floor of a message that leaves now.
  [[nodiscard]] std::uint64_t floor() const { return floor_; }
  [[nodiscard]] Courier& courier() { return *courier_; }

 private:
  void settle(std::uint64_t counter) {
    settled_[counter - floor_] = true;
    for (; !settled_.empty() && settled_.front(); settled_.pop_front()) ++floor_;
  }

  const store::RandomId incarnation_;
  std::uint64_t& next_;
  std::uint64_t floor_;
  std::deque<bool> settled_;  // of the counters from floor_ to next_
  const std::unique_ptr<Courier> courier_;
};

}  // namespace sluice::filters
