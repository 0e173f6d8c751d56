// SPDX-License-Identifier: Apache-2.0
// StoredResponse: an entry of a memory cache. Immutable once stored; shared by the cores.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "http/message.h"

namespace sluice::filters {

struct StoredResponse {
  std::string key;  // see cache_key()
  // The fields that Vary names, with their values in the request (RFC 9111 section 4.1).
  std::vector<std::pair<std::string, std::string>> vary;
  int status = 0;
  http::Headers headers;  // without Age
  std::shared_ptr<const std::string> body = std::make_shared<const std::string>();
  http::Headers trailers;  // apart from the headers (RFC 9111 section 3.1)
  TimePoint stored_at{};
  TimePoint born{};              // the time at which its age was 0
  TimePoint fresh_until{};       // it is stale from then on
  TimePoint revalidate_until{};  // until then it may be used while it is revalidated (RFC 5861 3)
  TimePoint error_until{};       // until then it may be used in place of an error (RFC 5861 4)
  bool always_validate = false;  // no-cache: every use needs a validation by the backend
  bool never_stale = false;      // once it is stale, every use needs the backend
  bool for_everyone = false;     // also for requests with Authorization
  std::uint32_t stamp = 0;       // of its key when the request was sent; see InvalidationStamps
  std::size_t bytes = 0;         // of memory, approximately

  // A lookup has used the entry since it was last considered for eviction.
  mutable std::atomic<bool> used{false};

  // Conditions apply to successful responses only (RFC 9110 section 13.2.1).
  [[nodiscard]] bool has_validator() const {
    return status >= 200 && status < 300 &&
           (headers.contains("ETag") || headers.contains("Last-Modified"));
  }
  void measure() {
    constexpr std::size_t kOverhead = 512;
    bytes = kOverhead + key.size() + body->size();
    for (const auto& [name, value] : vary) bytes += name.size() + value.size() + 64;
    for (const http::Headers* fields : {&headers, &trailers}) {
      for (const http::Field& field : *fields) bytes += field.name.size() + field.value.size() + 64;
    }
  }
};

}  // namespace sluice::filters
