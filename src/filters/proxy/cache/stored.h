// SPDX-License-Identifier: Apache-2.0
// StoredResponse: what a memory cache keeps. Immutable once stored; shared by the cores.
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
  // The fields that Vary names, as the request had them (RFC 9111 section 4.1).
  std::vector<std::pair<std::string, std::string>> vary;
  int status = 0;
  http::Headers headers;  // without Age
  std::shared_ptr<const std::string> body = std::make_shared<const std::string>();
  http::Headers trailers;  // apart from the headers (RFC 9111 section 3.1)
  TimePoint stored_at{};
  TimePoint born{};              // when its age was 0
  TimePoint fresh_until{};       // from here on it is stale
  TimePoint revalidate_until{};  // so long it may be used while it is revalidated (RFC 5861 3)
  TimePoint error_until{};       // so long it may be used in place of an error (RFC 5861 4)
  bool always_validate = false;  // no-cache: never used unless the backend has said that it may be
  bool never_stale = false;      // nothing but the backend may allow its use once it is stale
  bool for_everyone = false;     // also for requests with Authorization
  std::uint32_t stamp = 0;       // of its key when the request was sent; see InvalidationStamps
  std::size_t bytes = 0;         // of memory, roughly

  // Somebody has had use of it since the last time it was up for eviction.
  mutable std::atomic<bool> used{false};

  // Conditions hold of successful responses only (RFC 9110 section 13.2.1).
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
