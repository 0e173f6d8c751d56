// SPDX-License-Identifier: Apache-2.0
// What a shared cache may do with requests and responses (RFC 9111). Pure functions.
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

// Scheme, host and target of the request: what a stored response is found by. `target`: instead of
// the request's own.
[[nodiscard]] std::string cache_key(const http::Request& request);
[[nodiscard]] std::string cache_key(const http::Request& request, std::string_view target);

// RFC 9110 section 9.2.1. A method that is not known is not safe.
[[nodiscard]] bool is_safe(std::string_view method);

// What a request allows.
struct CachePlan {
  bool find = false;        // look for a stored response
  bool store = false;       // keep the response
  bool refresh = false;     // use nothing that the backend has not validated for this request
  bool invalidate = false;  // an unsafe method: forget what is kept if it succeeds
  bool authorized = false;  // has an Authorization field
  http::CacheControl control;
};
[[nodiscard]] CachePlan plan_for(const http::Request& request, const MemoryCacheSpec& spec);

// What a stored response is good for.
enum class Use {
  none,         // it does not belong to the request
  answer,       // it is the answer
  answer_late,  // likewise; it is stale, and somebody must revalidate it meanwhile
  validate,     // it is the answer if the backend says so
};
[[nodiscard]] Use use_of(const StoredResponse& stored, const http::Request& request,
                         const CachePlan& plan, TimePoint now);
// Whether it may be used in place of an error of the backend (RFC 5861 section 4, RFC 9111 section
// 4.2.4). Requires: use_of() has said validate.
[[nodiscard]] bool stands_in_for_error(const StoredResponse& stored, const CachePlan& plan,
                                       TimePoint now);

// What to keep of a response whose body is whole; null if nothing. The caller sets the stamp.
[[nodiscard]] std::shared_ptr<StoredResponse> to_store(const http::Request& request,
                                                       const CachePlan& plan,
                                                       const http::Response& response,
                                                       const MemoryCacheSpec& spec,
                                                       const Arrival& arrival);
// The same for an entry whose status, header fields, body and trailers are set: fills in the rest.
// False if it must not be kept; it can answer this request even so.
bool settle(const http::Request& request, const CachePlan& plan, const MemoryCacheSpec& spec,
            const Arrival& arrival, StoredResponse& entry);

}  // namespace sluice::filters
