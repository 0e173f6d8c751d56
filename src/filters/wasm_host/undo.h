// SPDX-License-Identifier: Apache-2.0
// What a run has changed in its exchange, so that a run that must not have happened can be taken
// back. Copies are made at the first change only; most runs change little.
#pragma once

#include <optional>

#include "pipeline/exchange.h"

namespace sluice::filters {

class Undo {
 public:
  explicit Undo(pipeline::Exchange& exchange)
      : exchange_(exchange), tags_(exchange.tags().size()) {}
  Undo(const Undo&) = delete;
  Undo& operator=(const Undo&) = delete;

  // Before the message's head, or body, is changed. The body is emptied.
  void save_head(const http::Request& request);
  void save_body(http::Request& request);
  void save_head(const http::Response& response);
  void save_body(http::Response& response);

  // Puts everything back, tags included, and begins anew.
  void restore();

 private:
  pipeline::Exchange& exchange_;
  std::size_t tags_;
  std::optional<http::Request> request_head_;  // its body is not used
  std::optional<http::Body> request_body_;
  std::optional<http::Response> response_head_;
  std::optional<http::Body> response_body_;
};

}  // namespace sluice::filters
