// SPDX-License-Identifier: Apache-2.0
// Conditional requests (RFC 9110 section 13, RFC 9111 section 4.3), from clients to the cache and
// from the cache to backends.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "filters/proxy/cache/stored.h"
#include "http/message.h"

namespace sluice::filters {

// Whether the client's copy is as new as `stored`: then the answer is 304.
[[nodiscard]] bool not_modified(const http::Request& request, const StoredResponse& stored,
                                std::int64_t unix_now);
// Keeps the fields of a stored response that a 304 carries (RFC 9110 section 15.4.5).
void keep_for_not_modified(http::Headers& headers);

// Makes the request a conditional one that validates the whole of `stored`. The destructor restores
// the original fields. Requires: it does not outlive the request.
class Validation {
 public:
  Validation(http::Request& request, const StoredResponse& stored);
  Validation(const Validation&) = delete;
  Validation& operator=(const Validation&) = delete;
  ~Validation() { request_.headers = std::move(own_); }

 private:
  http::Request& request_;
  http::Headers own_;
};

// Whether a 304, or a response to HEAD, is about `stored`: all validators in it match those of
// `stored` (RFC 9111 sections 4.3.4, 4.3.5).
[[nodiscard]] bool is_about(const http::Response& response, const StoredResponse& stored);

// `stored` with the fields of a response that is about it (RFC 9111 section 3.2). settle() fills in
// the other members.
[[nodiscard]] std::shared_ptr<StoredResponse> updated(const StoredResponse& stored,
                                                      const http::Headers& fields);

}  // namespace sluice::filters
