// SPDX-License-Identifier: Apache-2.0
// Builds a Request from the fields of a HEADERS frame (RFC 9113 section 8.3.1). The Session refuses
// requests that are malformed in frames or field syntax (8.1.1, 8.2). This class checks the meaning
// of the request, with the same answers as for HTTP/1.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/h2/session_limits.h"
#include "http/message.h"

namespace sluice::http::h2 {

class RequestHead {
 public:
  explicit RequestHead(const SessionLimits& limits) : limits_(limits) {}

  // Begins the next head. `request` is cleared, and filled until finish(). Requires: it lives until
  // then.
  void start(Request& request);
  // Takes the fields in order, names in lower case. Returns false if the list is unreasonably
  // large.
  [[nodiscard]] bool add(std::string_view name, std::string_view value);
  // Checks the complete list.
  void finish();

  // Returns the status to refuse with: 400, 414, 417, 431, 501 (CONNECT); 0: none. Requires:
  // finish() was called.
  [[nodiscard]] int refusal() const { return refusal_; }
  [[nodiscard]] const char* reason() const { return reason_; }
  [[nodiscard]] std::optional<std::uint64_t> content_length() const { return length_; }
  [[nodiscard]] bool expects_continue() const { return expects_continue_; }
  // Returns the size of the fields as RFC 9113 section 6.5.2 counts it, without the part beyond the
  // limits, which is not held.
  [[nodiscard]] std::size_t bytes() const {
    return std::min<std::uint64_t>(list_bytes_, limits_.header_list_bytes_max);
  }
  // True if the client tells how to schedule the response (RFC 9218 section 5).
  [[nodiscard]] bool has_priority() const { return has_priority_; }

 private:
  void add_pseudo(std::string_view name, std::string_view value);
  void add_regular(std::string_view name, std::string_view value);
  void add_cookie(std::string_view crumb);
  void finish_host();
  void finish_target();
  void refuse(int status, const char* reason);

  SessionLimits limits_;
  Request* request_ = nullptr;
  std::string authority_;
  std::string path_;
  std::string cookie_;
  std::uint64_t list_bytes_ = 0;
  std::uint32_t field_count_ = 0;
  std::optional<std::uint64_t> length_;
  int refusal_ = 0;
  const char* reason_ = "";
  bool has_authority_ = false;
  bool has_host_ = false;
  bool expects_continue_ = false;
  bool has_priority_ = false;
};

}  // namespace sluice::http::h2
