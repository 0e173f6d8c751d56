// SPDX-License-Identifier: Apache-2.0
#include "backend/addresses.h"

#include <algorithm>
#include <utility>

namespace sluice::backend {

namespace {

constexpr auto kLookUpMax = std::chrono::seconds(30);
constexpr auto kGrace = std::chrono::seconds(5);  // margin for a busy core

}  // namespace

Addresses::Addresses(loop::EventLoop& loop, std::string host, std::uint16_t port, Duration period,
                     std::shared_ptr<KnownAddresses> known, std::size_t turn,
                     std::shared_ptr<LookUpShare> share)
    : loop_(loop),
      on_core_(loop),
      host_(std::move(host)),
      port_(port),
      period_(period),
      literal_(net::is_ip_literal(host_)),
      known_(std::move(known)),
      share_(std::move(share)),
      turn_(turn),
      found_(loop) {
  if (literal_) addresses_.push_back({net::Endpoint(host_, port_)});
}

void Addresses::refresh(TimePoint now) {
  on_core_.here();
  if (literal_) return;
  take_over();
  if (looking_) return;
  if (share_ && share_->running >= share_->max) {
    error_ = {ErrorKind::unavailable, "too many names are being looked up"};
    return;
  }
  // Before the first answer each core looks up by itself: no core waits for another.
  if (!known_->claim(now, kLookUpMax + kGrace) && !addresses_.empty()) return;
  if (share_) ++share_->running;
  looking_ = true;
  loop_.spawn(look_up(shared_from_this()));
}

void Addresses::take_over() {
  const std::uint64_t version = known_->version();
  if (version == version_) return;
  version_ = version;
  addresses_.clear();
  const KnownAddresses::EndpointList list = known_->list();
  for (const net::Endpoint& endpoint : *list) addresses_.push_back({endpoint});
}

Task<Result<std::vector<net::Endpoint>>> Addresses::find(TimePoint deadline) {
  const auto self = shared_from_this();
  refresh(loop::EventLoop::now());
  if (waits_for_look_up()) {
    const bool in_time = co_await found_.wait(deadline);
    if (!in_time) co_return fail(ErrorKind::timed_out, "looking up " + host_ + " took too long");
  }
  if (addresses_.empty()) co_return std::unexpected(error_);
  co_return in_turn();
}

std::vector<net::Endpoint> Addresses::in_turn() {
  std::vector<net::Endpoint> order;
  const std::size_t first = turn_++;
  for (const bool failed : {false, true}) {
    for (std::size_t i = 0; i < addresses_.size(); ++i) {
      const Address& address = addresses_[(first + i) % addresses_.size()];
      if (address.failed == failed) order.push_back(address.endpoint);
    }
  }
  return order;
}

bool Addresses::includes(const net::Endpoint& endpoint) const {
  return literal_ || std::ranges::any_of(addresses_, [&](const Address& address) {
           return address.endpoint == endpoint;
         });
}

void Addresses::note_failure(const net::Endpoint& endpoint) {
  for (Address& address : addresses_) {
    if (address.endpoint == endpoint) address.failed = true;
  }
  known_->hasten();
}

Task<void> Addresses::look_up(std::shared_ptr<Addresses> self) {
  const auto name_of = self->share_ ? net::NameOf::clients : net::NameOf::options;
  auto found = co_await net::resolve(self->loop_, self->host_, self->port_,
                                     loop::EventLoop::now() + kLookUpMax, name_of);
  self->looking_ = false;
  if (self->share_) --self->share_->running;
  const TimePoint next = loop::EventLoop::now() + self->period_;
  if (found) {
    self->known_->tell(std::move(*found), next);
  } else {
    self->known_->postpone(next);
    self->error_ = std::move(found).error();
  }
  self->take_over();
  self->found_.notify_all();
}

}  // namespace sluice::backend
