// SPDX-License-Identifier: Apache-2.0
#include "admin/member_link.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "base/text.h"
#include "loop/event.h"

namespace sluice::admin {
namespace {

constexpr Duration kGivenUpLook = std::chrono::milliseconds(200);
constexpr Duration kClockMax = std::chrono::seconds(1);
// The shortest of some round trips tells most. The first one may make the connection.
constexpr int kClockTries = 4;

struct PendingCall {
  explicit PendingCall(loop::EventLoop& loop) : news(loop) {}
  loop::Event news;
  std::optional<MemberLink::Outcome> outcome{};
};

Task<void> carry(filters::HttpCourier& courier, std::string address, std::string message,
                 TimePoint deadline, PendingCall& pending) {
  pending.outcome =
      co_await courier.post(std::move(address), filters::kCallPath, std::move(message), deadline);
  pending.news.notify();
}

}  // namespace

MemberLink::MemberLink(std::shared_ptr<const net::TlsClientContext> tls) {
  thread_.run(
      [&] { courier_ = std::make_unique<filters::HttpCourier>(thread_.core(), std::move(tls)); });
}

MemberLink::~MemberLink() {
  thread_.run([this] { courier_.reset(); });
}

MemberLink::Outcome MemberLink::call(const std::string& address, std::string message,
                                     TimePoint deadline, std::function<bool()> given_up) {
  return thread_.await(
      [&] { return post(address, std::move(message), deadline, std::move(given_up)); });
}

Task<MemberLink::Outcome> MemberLink::post(std::string address, std::string message,
                                           TimePoint deadline, std::function<bool()> given_up) {
  PendingCall pending(thread_.loop());
  Task<void> carrying = carry(*courier_, std::move(address), std::move(message), deadline, pending);
  carrying.start();
  while (!pending.outcome) {
    const bool told = co_await pending.news.wait(Clock::now() + kGivenUpLook);
    if (!told && !pending.outcome && given_up())
      co_return Outcome{fail(ErrorKind::closed, "it is not the owner any more"), true};
  }
  co_return *std::move(pending.outcome);
}

Result<MemberLink::ClockOffset> MemberLink::clock_of(const std::string& address) {
  return thread_.await([&] { return ask_clock(address); });
}

Task<Result<MemberLink::ClockOffset>> MemberLink::ask_clock(std::string address) {
  std::optional<ClockOffset> best;
  for (int i = 0; i < kClockTries; ++i) {
    const auto here = std::chrono::system_clock::now();
    const TimePoint begin = Clock::now();
    auto outcome = co_await courier_->fetch(address, filters::kClockPath, "", begin + kClockMax);
    const Duration half = (Clock::now() - begin) / 2;
    if (!outcome.answer) co_return std::unexpected(std::move(outcome.answer).error());
    const auto there = to_number<std::int64_t>(*outcome.answer);
    if (!there) co_return fail(ErrorKind::invalid, "the member at " + address + " tells no time");
    if (best && half >= best->uncertainty) continue;
    const Duration offset = std::chrono::microseconds(*there) - here.time_since_epoch() - half;
    best = ClockOffset{offset, half};
  }
  co_return *best;
}

}  // namespace sluice::admin
