// SPDX-License-Identifier: Apache-2.0
// A Response's head as the fields of a HEADERS frame (RFC 9113 section 8.3.2).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace sluice::http::h2 {

// Whether a response with that status to that method carries content (RFC 9110 section 6.4.1).
[[nodiscard]] bool has_content(const Response& response, std::string_view method);

// Reused from response to response; keeps its memory.
class ResponseHead {
 public:
  struct Field {
    std::string_view name;  // in lower case
    std::string_view value;
  };
  // `date` is for a response that has none. Fields that are the connection's business, or that no
  // field may look like, are left out. Valid until the next call.
  [[nodiscard]] const std::vector<Field>& fields(const Response& response, std::string_view date);

 private:
  std::string_view keep_lower(std::string_view name);

  std::vector<Field> fields_;
  std::string names_;  // of the fields; sized before it is filled, so that it does not move
  std::string status_;
  std::string length_;
};

}  // namespace sluice::http::h2
