// SPDX-License-Identifier: Apache-2.0
// The resources of the API, one file each. The list in api.cc is complete.
#pragma once

#include <atomic>
#include <chrono>

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

void add_about(Router& router, Context& context);
void add_objects(Router& router, Context& context);
void add_status(Router& router, Context& context);
void add_members(Router& router, Context& context);
void add_metadata(Router& router, Context& context);
void add_wasm_code(Router& router, Context& context);
void add_wasm_data(Router& router, Context& context);
void add_logs(Router& router, Context& context);

}  // namespace sluice::admin
