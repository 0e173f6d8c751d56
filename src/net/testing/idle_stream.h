// SPDX-License-Identifier: Apache-2.0
// For tests: a stream on which nothing happens. A test derives from it and overrides what it needs.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "net/stream.h"

namespace sluice::net::testing {

class IdleStream : public Stream {
 public:
  void set_deadline(TimePoint) override {}
  void clear_deadline() override {}
  void set_patience(Duration) override {}
  void close() override { open_ = false; }
  void shutdown_write() override {}
  [[nodiscard]] bool is_open() const override { return open_; }
  [[nodiscard]] const std::string& peer_address() const override { return peer_; }

 protected:
  bool start_read(std::span<char>, Operation&) override { return false; }
  bool start_write(std::string_view, Operation&) override { return false; }
  bool start_closed(Operation&, bool) override { return false; }
  void cancel(Operation&) override {}

 private:
  bool open_ = true;
  std::string peer_;
};

}  // namespace sluice::net::testing
