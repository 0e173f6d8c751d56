// SPDX-License-Identifier: Apache-2.0
// StoredResponse: what a memory cache keeps. Immutable once stored; shared by the cores.
#pragma once

#include <atomic>
#include <cstdint>
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
  std::string body;
  http::Headers trailers;  // apart from the headers (RFC 9111 section 3.1)
  TimePoint stored_at{};
  TimePoint born{};           // when its age was 0
  TimePoint fresh_until{};    // no use from here on
  bool for_everyone = false;  // also for requests with Authorization
  std::uint32_t stamp = 0;    // of its key when the request was sent; see InvalidationStamps
  std::size_t bytes = 0;      // of memory, roughly

  // Somebody has had use of it since the last time it was up for eviction.
  mutable std::atomic<bool> used{false};

  void measure() {
    constexpr std::size_t kOverhead = 512;
    bytes = kOverhead + key.size() + body.size();
    for (const auto& [name, value] : vary) bytes += name.size() + value.size() + 64;
    for (const http::Headers* fields : {&headers, &trailers}) {
      for (const http::Field& field : *fields) bytes += field.name.size() + field.value.size() + 64;
    }
  }
};

}  // namespace sluice::filters
