// SPDX-License-Identifier: Apache-2.0
// The changes of a run to its exchange, so that the run can be undone. The message parts are copied
// at their first change only, because most runs change little.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "http/field_twins.h"
#include "pipeline/exchange.h"

namespace sluice::filters {

class Undo {
 public:
  explicit Undo(pipeline::Exchange& exchange)
      : exchange_(exchange), tags_(exchange.tags().size()) {}
  Undo(const Undo&) = delete;
  Undo& operator=(const Undo&) = delete;

  // Call before the message's head, or body, is changed. Saving a body empties it.
  void save_head(const http::Request& request);
  void save_body(http::Request& request);
  void save_head(const http::Response& response);
  void save_body(http::Response& response);

  // The run sets or removes a field of the message. Error `too_large`: it names too many.
  [[nodiscard]] Result<void> claim(const http::Request& request, std::string_view name);
  [[nodiscard]] Result<void> claim(const http::Response& response, std::string_view name);

  // Restores everything, tags included, and starts over.
  void restore();
  // The run counts: withholds what it has claimed from the trailers (http/withheld_trailers.h).
  void keep();

  // True if the part has been saved since the start, so that it may have changed.
  [[nodiscard]] bool has_request_head() const { return request_head_.has_value(); }
  [[nodiscard]] bool has_request_body() const { return request_body_.has_value(); }
  [[nodiscard]] bool has_response_head() const { return response_head_.has_value(); }
  [[nodiscard]] bool has_response_body() const { return response_body_.has_value(); }

 private:
  pipeline::Exchange& exchange_;
  std::size_t tags_;
  std::optional<http::Request> request_head_;  // its body is not used
  std::optional<http::Body> request_body_;
  std::optional<http::Response> response_head_;
  std::optional<http::Body> response_body_;
  http::FieldTwins request_fields_;  // claimed
  http::FieldTwins response_fields_;
};

}  // namespace sluice::filters
