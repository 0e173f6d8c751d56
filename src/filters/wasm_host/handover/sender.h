// SPDX-License-Identifier: Apache-2.0
// Sender: hands the exchanges of one core over to other members, and knows which of them wait
// for an answer. Core-bound.
#pragma once

#include <algorithm>
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
  // `lane`: of this core.
  Sender(std::uint32_t lane, std::unique_ptr<Courier> courier)
      : lane_(lane), courier_(std::move(courier)) {}
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  // An exchange that is handed over. The owner keeps its answer while this lives. Requires: the
  // Sender outlives it.
  class Ticket {
   public:
    // `id`: View::new_exchange(), called on this core since the last Ticket.
    Ticket(Sender& sender, const store::ExchangeId& id) : sender_(&sender), id_(id) {
      sender.last_ = id.counter;
      sender.out_.push_back({id.counter});
    }
    Ticket(Ticket&& other) noexcept
        : sender_(std::exchange(other.sender_, nullptr)), id_(other.id_) {}
    Ticket& operator=(Ticket&&) = delete;
    ~Ticket() {
      if (sender_ != nullptr) sender_->settle(id_.counter);
    }
    [[nodiscard]] const store::ExchangeId& id() const { return id_; }

   private:
    Sender* sender_;
    store::ExchangeId id_;
  };

  // HandedHead::lane, and HandedHead::floor of a message that leaves now.
  [[nodiscard]] std::uint32_t lane() const { return lane_; }
  [[nodiscard]] std::uint64_t floor() const {
    return out_.empty() ? last_ + 1 : out_.front().counter;
  }
  [[nodiscard]] Courier& courier() { return *courier_; }

 private:
  struct Out {
    std::uint64_t counter;
    bool settled = false;
  };
  void settle(std::uint64_t counter) {
    std::ranges::lower_bound(out_, counter, {}, &Out::counter)->settled = true;
    while (!out_.empty() && out_.front().settled) out_.pop_front();
  }

  const std::uint32_t lane_;
  std::uint64_t last_ = 0;
  std::deque<Out> out_;  // by counter; the first is not settled
  const std::unique_ptr<Courier> courier_;
};

}  // namespace sluice::filters
