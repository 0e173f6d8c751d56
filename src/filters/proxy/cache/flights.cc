// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/cache/flights.h"

#include <functional>
#include <utility>

namespace sluice::filters {

Flights::Lead::Lead(Flights& flights, std::string key)
    : flights_(flights),
      key_(std::move(key)),
      leads_(flights_.waiting_.try_emplace(key_, flights_.loop_).second) {}

Flights::Lead::~Lead() {
  if (leads_) flights_.land(key_, keepable_);
}

std::size_t Flights::hash(std::string_view key) { return std::hash<std::string_view>()(key); }

bool Flights::worth_waiting(std::string_view key) const {
  if (!waiting_.contains(std::string(key))) return false;
  const std::size_t code = hash(key);
  const NoWait& place = no_wait_[code % no_wait_.size()];
  return place.hash != code || Clock::now() >= place.until;
}

Task<void> Flights::wait(std::string key) {
  loop::WaitList& landing = waiting_.try_emplace(key, loop_).first->second;
  co_await landing.wait(Clock::now() + kWaitMax);
}

// The loop resumes the waiters. A direct resume would run inside the Lead's destructor.
void Flights::land(const std::string& key, bool keepable) {
  on_core_.here();
  const std::size_t code = hash(key);
  NoWait& place = no_wait_[code % no_wait_.size()];
  if (!keepable) {
    place = {code, Clock::now() + kNoWaitFor};
  } else if (place.hash == code) {
    place = {};
  }
  auto landed = waiting_.extract(key);
  landed.mapped().notify_all();
}

}  // namespace sluice::filters
