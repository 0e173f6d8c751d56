// SPDX-License-Identifier: Apache-2.0
// Makes a Request of the fields of a HEADERS frame (RFC 9113 section 8.3.1). What makes a request
// malformed in terms of frames and field syntax (8.1.1, 8.2) is the Session's business and does not
// come this far; here is what the request means, with the same answers as for HTTP/1.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/h2/limits.h"
#include "http/message.h"

namespace sluice::http::h2 {

class RequestHead {
 public:
  explicit RequestHead(const Limits& limits) : limits_(limits) {}

  // Begins the next one; `request` is cleared, filled up to finish(), and must live until then.
  void start(Request& request);
  // The fields in their order, names in lower case. False: the list is larger than any reason.
  [[nodiscard]] bool add(std::string_view name, std::string_view value);
  void finish();

  // After finish(). The status to refuse with: 400, 414, 417, 431, 501 (CONNECT); 0: none.
  [[nodiscard]] int refusal() const { return refusal_; }
  [[nodiscard]] const char* reason() const { return reason_; }
  [[nodiscard]] std::optional<std::uint64_t> content_length() const { return length_; }
  [[nodiscard]] bool expects_continue() const { return expects_continue_; }
  // Of its fields, as RFC 9113 section 6.5.2 counts them; the part beyond the limits is not held.
  [[nodiscard]] std::size_t bytes() const {
    return std::min<std::uint64_t>(list_bytes_, limits_.header_list_bytes_max);
  }
  // The client says how it wants the response scheduled (RFC 9218 section 5).
  [[nodiscard]] bool has_priority() const { return has_priority_; }

 private:
  void add_pseudo(std::string_view name, std::string_view value);
  void add_regular(std::string_view name, std::string_view value);
  void add_cookie(std::string_view crumb);
  void finish_host();
  void finish_target();
  void refuse(int status, const char* reason);

  Limits limits_;
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
