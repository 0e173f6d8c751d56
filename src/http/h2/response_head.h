// SPDX-License-Identifier: Apache-2.0
// Encodes a Response's head as the fields of a HEADERS frame (RFC 9113 section 8.3.2).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace sluice::http::h2 {

// True if a response with that status to that method has content (RFC 9110 section 6.4.1).
[[nodiscard]] bool has_content(const Response& response, std::string_view method);

// Reused for later responses; keeps its memory.
class ResponseHead {
 public:
  struct FieldView {
    std::string_view name;  // in lower case
    std::string_view value;
  };
  // `date` is for a response without one. Leaves out fields of the connection and those that no
  // field may resemble. The result is valid until the next call.
  [[nodiscard]] const std::vector<FieldView>& fields(const Response& response,
                                                     std::string_view date);

 private:
  std::string_view keep_lower(std::string_view name);

  std::vector<FieldView> fields_;
  std::string names_;  // sized before it is filled, so that it does not move
  std::string status_;
  std::string length_;
};

}  // namespace sluice::http::h2
