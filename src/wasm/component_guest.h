// SPDX-License-Identifier: Apache-2.0
// Inside wasm/ only: the instance of a component, as an Instance uses it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "wasm/component.h"
#include "wasm/guest_texts.h"

namespace sluice::wasm {

struct InstanceState;

class ComponentGuest {
 public:
  // Requires: both outlive this.
  ComponentGuest(const sluice_linked& linked, InstanceState& state, std::uint64_t memory_bytes_max)
      : guest_(sluice_guest_new(&linked, &state, memory_bytes_max)) {}

  // Each begins a call.
  void instantiate() { begin(&sluice_guest_instantiate); }
  void run() { begin(&sluice_guest_run); }
  // `parameters`: names and values in turn.
  void configure(std::span<const std::string> parameters);

  [[nodiscard]] bool busy() const { return busy_; }
  // Runs the guest for a slice; true when the call is done.
  [[nodiscard]] bool poll() { return sluice_guest_poll(guest_.get()); }
  // Requires: poll() has returned false.
  [[nodiscard]] TimePoint wake_at() const;
  // Error `invalid`: the guest has trapped. Error `forbidden`: it has returned an error.
  [[nodiscard]] Result<std::int32_t> finish();
  void kill();

  GuestTexts texts;  // of the call of a host function
  // Room for the list that a host function returns.
  [[nodiscard]] std::vector<sluice_view>& views() { return views_; }

 private:
  void begin(void (*call)(sluice_guest*)) {
    busy_ = true;
    call(guest_.get());
  }

  bool busy_ = false;
  std::vector<sluice_view> views_;
  GuestPtr guest_;
};

}  // namespace sluice::wasm
