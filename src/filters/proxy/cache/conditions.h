// SPDX-License-Identifier: Apache-2.0
// Conditional requests (RFC 9110 section 13, RFC 9111 section 4.3): of clients to the cache, and of
// the cache to backends.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "filters/proxy/cache/stored.h"
#include "http/message.h"

namespace sluice::filters {

// Whether the request asks only for something newer than `stored`: then the answer is 304.
[[nodiscard]] bool not_modified(const http::Request& request, const StoredResponse& stored,
                                std::int64_t unix_now);
// Of the fields of a stored response, those that a 304 has (RFC 9110 section 15.4.5).
void keep_for_not_modified(http::Headers& headers);

// Makes the request ask whether `stored` is still good, for the whole of it, and gives the fields
// that it had back at its end. Must not outlive the request.
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

// Whether a 304, or a response to HEAD, is about `stored`: whatever validators it names are those
// of `stored` (RFC 9111 sections 4.3.4, 4.3.5).
[[nodiscard]] bool is_about(const http::Response& response, const StoredResponse& stored);

// `stored` with the fields of a response that is about it (RFC 9111 section 3.2). All else is for
// settle() to fill in.
[[nodiscard]] std::shared_ptr<StoredResponse> updated(const StoredResponse& stored,
                                                      const http::Headers& fields);

}  // namespace sluice::filters
