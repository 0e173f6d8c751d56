// SPDX-License-Identifier: Apache-2.0
// The resources of the API, one file each. The list in api.cc is complete.
#pragma once

#include <atomic>
#include <chrono>
#include <initializer_list>

#include "admin/admin.h"
#include "admin/router.h"
#include "base/published.h"

namespace sluice::admin {

// The objects on which the resources work. Outlives the router.
struct Context {
  Options options;  // as of the start
  Published<Json> start_options;
  Logger logger;
  control::Controller& controller;
  std::chrono::system_clock::time_point started = std::chrono::system_clock::now();
  std::atomic<int> followers = 0;  // clients that follow the log
};

// One route: answers on a thread that may block.
struct Resource {
  const char* method;
  const char* pattern;
  Result<ApiResponse> (*answer)(Context& context, const ApiRequest& request,
                                const PathNames& names);
};
inline void add(ApiRouter& router, Context& context, const char* group,
                std::initializer_list<Resource> resources) {
  for (const Resource& each : resources) {
    router.add(
        {group, each.method, each.pattern,
         [&context, answer = each.answer](const ApiRequest& request, const PathNames& names) {
           return answer(context, request, names);
         }});
  }
}

void add_about(ApiRouter& router, Context& context);
void add_objects(ApiRouter& router, Context& context);
void add_status(ApiRouter& router, Context& context);
void add_members(ApiRouter& router, Context& context);
void add_metadata(ApiRouter& router, Context& context);
void add_wasm_code(ApiRouter& router, Context& context);
void add_wasm_data(ApiRouter& router, Context& context);
void add_logs(ApiRouter& router, Context& context);

}  // namespace sluice::admin
