// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "base/time.h"
#include "config/fields.h"
#include "pipeline/filter.h"

namespace sluice::filters::proxy_wasm {

struct ProxyWasmSpec {
  pipeline::FilterMeta meta;
  std::string code;
  config::UndecodedValue vm_configuration;
  config::UndecodedValue configuration;
  std::string root_id;
  std::string vm_id;
  Duration timeout = std::chrono::milliseconds(100);
  Duration max_pause = std::chrono::seconds(10);
  std::string max_memory = "64MiB";
  std::string max_body_size = "4MiB";

  void fields(auto& visit) {
    constexpr std::int64_t kMillisecond = 1'000'000;
    constexpr std::int64_t kHour = 3'600'000 * kMillisecond;
    meta.fields(visit);
    visit("code", code,
          {.required = true,
           .min = 1,
           .doc = "the module: an http(s) URL, the path of a file, or base64"});
    visit("vmConfiguration", vm_configuration,
          {.doc = "handed to proxy_on_vm_start: a text, or a map that becomes JSON"});
    visit("configuration", configuration,
          {.doc = "handed to proxy_on_configure: a text, or a map that becomes JSON"});
    visit("rootId", root_id, {.doc = "the property plugin_root_id"});
    visit("vmId", vm_id,
          {.doc = "filters with the same one share their shared data on this machine; default: "
                  "pipeline/filter, a share of its own"});
    visit("timeout", timeout,
          {.min = kMillisecond,
           .max = kHour,
           .doc = "most time of one callback, and most time that it waits for the guest"});
    visit("maxPause", max_pause,
          {.min = kMillisecond,
           .max = kHour,
           .doc = "most time for which the guest may pause a request or a response"});
    visit("maxMemory", max_memory, {.doc = "most memory of a guest: bytes, or 64MiB"});
    visit("maxBodySize", max_body_size,
          {.doc = "longest body of a request that the guest gets, and most bytes of a response's "
                  "body that it may hold back"});
  }
};

}  // namespace sluice::filters::proxy_wasm
