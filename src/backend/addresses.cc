// SPDX-License-Identifier: Apache-2.0
#include "backend/addresses.h"

#include "net/one_shot.h"

namespace sluice::backend {

namespace {

constexpr auto kFresh = std::chrono::seconds(30);
constexpr auto kLookUpMax = std::chrono::seconds(30);

}  // namespace

struct Addresses::Entry {
  std::string host;
  std::uint16_t port = 0;
  std::vector<net::Endpoint> endpoints;  // empty: never found
  TimePoint found_at{};
  Error error;  // of the last look-up that failed
  bool looking = false;
  std::vector<std::shared_ptr<net::OneShot<bool>::Slot>> waiting;

  [[nodiscard]] bool fresh() const {
    return !endpoints.empty() && loop::EventLoop::now() - found_at < kFresh;
  }
};

Task<Result<std::vector<net::Endpoint>>> Addresses::find(std::string host, std::uint16_t port,
                                                         TimePoint deadline) {
  std::shared_ptr<Entry>& kept = entries_[{host, port}];
  if (!kept) kept = std::make_shared<Entry>();
  const std::shared_ptr<Entry> entry = kept;
  if (entry->fresh()) co_return entry->endpoints;
  entry->host = host;
  entry->port = port;
  if (!std::exchange(entry->looking, true)) loop_.spawn(look_up(loop_, entry));
  if (entry->looking && entry->endpoints.empty()) {
    net::OneShot<bool> done;
    entry->waiting.push_back(done.slot());
    loop::EventLoop::Timer timer;
    if (deadline != TimePoint::max()) {
      timer = {loop_, deadline, [slot = done.slot()] { slot->set(false); }};
    }
    const bool in_time = co_await done;
    if (!in_time) co_return fail(ErrorKind::timed_out, "looking up " + host + " took too long");
  }
  if (entry->endpoints.empty()) co_return std::unexpected(entry->error);
  co_return entry->endpoints;
}

Task<void> Addresses::look_up(loop::EventLoop& loop, std::shared_ptr<Entry> entry) {
  auto found = co_await net::resolve(loop, entry->host, entry->port, Clock::now() + kLookUpMax);
  entry->looking = false;
  entry->found_at = loop::EventLoop::now();
  if (found) {
    entry->endpoints = std::move(*found);
  } else {
    entry->error = std::move(found).error();
  }
  const auto waiting = std::exchange(entry->waiting, {});
  for (const auto& slot : waiting) slot->set(true);
}

}  // namespace sluice::backend
