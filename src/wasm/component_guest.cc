// SPDX-License-Identifier: Apache-2.0
#include "wasm/component_guest.h"

#include <chrono>

#include "wasm/handles.h"

namespace sluice::wasm {

void ComponentGuest::configure(std::span<const std::string> parameters) {
  std::vector<sluice_view> views;
  views.reserve(parameters.size());
  for (const std::string& text : parameters) views.push_back(to_view(text));
  busy_ = true;
  sluice_guest_configure(guest_.get(), views.data(), views.size());
}

TimePoint ComponentGuest::wake_at() const {
  const std::int64_t left = sluice_guest_sleeps_ns(guest_.get());
  return left == 0 ? TimePoint{} : Clock::now() + std::chrono::nanoseconds(left);
}

Result<std::int32_t> ComponentGuest::finish() {
  busy_ = false;
  std::int32_t value = 0;
  bool refused = false;
  OwnedBytes error;
  if (sluice_guest_finish(guest_.get(), &value, &refused, error.out())) return value;
  return fail(refused ? ErrorKind::forbidden : ErrorKind::invalid, one_line(error.view()));
}

void ComponentGuest::kill() {
  busy_ = false;
  sluice_guest_kill(guest_.get());
}

}  // namespace sluice::wasm
