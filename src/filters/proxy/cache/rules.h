// SPDX-License-Identifier: Apache-2.0
// The rules of a shared cache for requests and responses (RFC 9111). Pure functions.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "filters/proxy/cache/cache_spec.h"
#include "filters/proxy/cache/freshness.h"
#include "filters/proxy/cache/stored.h"
#include "http/cache_control.h"
#include "http/message.h"

namespace sluice::filters {

// The key of a stored response: scheme, host and target of the request. `target` replaces the
// request's own.
[[nodiscard]] std::string cache_key(const http::Request& request);
[[nodiscard]] std::string cache_key(const http::Request& request, std::string_view target);

// RFC 9110 section 9.2.1. An unknown method is not safe.
[[nodiscard]] bool is_safe(std::string_view method);

// The uses of the cache that a request allows.
struct CachePlan {
  bool find = false;        // look for a stored response
  bool store = false;       // keep the response
  bool refresh = false;     // use no response that the backend has not validated for this request
  bool invalidate = false;  // an unsafe method: if it succeeds, forget the stored responses
  bool authorized = false;  // has an Authorization field
  http::CacheControl control;
};
[[nodiscard]] CachePlan plan_for(const http::Request& request, const MemoryCacheSpec& spec);

// The permitted use of a stored response for a request.
enum class Use {
  none,         // it does not match the request
  answer,       // it is the answer
  answer_late,  // likewise, but it is stale: a request must revalidate it meanwhile
  validate,     // it is the answer if the backend confirms it
};
[[nodiscard]] Use use_of(const StoredResponse& stored, const http::Request& request,
                         const CachePlan& plan, TimePoint now);
// Whether `stored` may replace an error of the backend (RFC 5861 section 4, RFC 9111 section
// 4.2.4). Requires: use_of() has returned validate.
[[nodiscard]] bool stands_in_for_error(const StoredResponse& stored, const CachePlan& plan,
                                       TimePoint now);

// The entry to store for a response whose body is whole; null if it must not be stored. The caller
// sets the stamp.
[[nodiscard]] std::shared_ptr<StoredResponse> to_store(const http::Request& request,
                                                       const CachePlan& plan,
                                                       const http::Response& response,
                                                       const MemoryCacheSpec& spec,
                                                       const ArrivalTime& arrival);
// Completes an entry whose status, header fields, body and trailers are set. Returns false if the
// entry must not be stored; it can still answer this request.
bool settle(const http::Request& request, const CachePlan& plan, const MemoryCacheSpec& spec,
            const ArrivalTime& arrival, StoredResponse& entry);

}  // namespace sluice::filters
