// SPDX-License-Identifier: Apache-2.0
// The client's side of a connection after 101 Switching Protocols (RFC 9110 section 7.8).
// Core-bound.
#pragma once

#include <string_view>

#include "http/body.h"
#include "loop/event.h"
#include "server/h1_input.h"

namespace sluice::server {

// Returns false for protocols that would carry requests past rules and filters, or that end here:
// HTTP/2, HTTP, TLS. `upgrade`: the field's value, a list.
[[nodiscard]] bool may_upgrade(std::string_view upgrade);
// True if `upgrade` lists the protocol `chosen`.
[[nodiscard]] bool is_offered(std::string_view upgrade, std::string_view chosen);

// Reads the bytes that the client sends after the upgrade. A read waits until open() is called.
class UpgradedInput final : public http::BodyReader {
 public:
  UpgradedInput(H1Input& input, loop::EventLoop& loop) : input_(input), opened_(loop) {}
  // `patience`: how long the client may be silent, counted from the last deadline set.
  void open(Duration patience) {
    patience_ = patience;
    open_ = true;
    opened_.notify();
  }
  Task<Result<std::string_view>> read() override;

 private:
  H1Input& input_;
  loop::Event opened_;
  Duration patience_{};
  bool open_ = false;
};

}  // namespace sluice::server
