// SPDX-License-Identifier: Apache-2.0
// Plugin: the object of the host functions: a guest's contexts, and what its current callback sees.
// Each VM has one, on the VM's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/log.h"
#include "base/time.h"
#include "filters/proxy_wasm/limits.h"
#include "filters/proxy_wasm/plugin_metrics.h"
#include "filters/proxy_wasm/shared_data.h"
#include "filters/proxy_wasm/stream.h"
#include "filters/wasm_host/log_gate.h"
#include "pipeline/pipeline_finder.h"

namespace sluice::filters::proxy_wasm {

inline constexpr std::uint32_t kRootContext = 1;

// The settings that all VMs of a filter share. Members are immutable unless they say otherwise. Any
// thread.
struct PluginSetup {
  std::string pipeline;
  std::string name;  // "pipeline/filter"
  std::string plugin_name;
  std::string root_id;
  std::string vm_id;
  std::string vm_configuration;
  std::string configuration;
  Logger logger;
  std::shared_ptr<SharedData> shared_data;
  std::shared_ptr<PluginMetrics> metrics;
  const pipeline::PipelineFinder* pipelines;  // null: nobody can be called
};

// A call that the guest has begun, until the VM sends it.
struct CallRequest {
  std::uint32_t id;
  std::uint32_t context;
  std::string name;                                  // of the pipeline
  std::shared_ptr<const pipeline::Pipeline> target;  // null: to be found when the VM sends it
  http::Request request;
  Duration timeout;
};

struct CallResponse {
  http::Response response;  // its body is whole
  bool failed = true;
};

class Plugin {
 public:
  explicit Plugin(std::shared_ptr<const PluginSetup> its_setup);

  // The context whose messages the host functions act on; null: the root context, or one that is
  // gone.
  [[nodiscard]] Stream* stream() const { return find(active); }
  [[nodiscard]] Stream* find(std::uint32_t context) const;
  // The number of the next context: behind `last`, and that of none which is still there. Numbers
  // begin anew after some billion exchanges.
  [[nodiscard]] std::uint32_t free_context(std::uint32_t last) const;
  // Writes a line of the guest to the log; cuts long ones, and drops those beyond a rate.
  void log(LogLevel level, std::string_view text);
  // The pipeline of that name that runs; null: none that the guest may call, and the log says so.
  // Requires: `core` is set.
  [[nodiscard]] std::shared_ptr<const pipeline::Pipeline> callable(std::string_view target);
  // The metric of that number; null: none.
  [[nodiscard]] PluginMetric* metric(std::uint32_t id) const;
  // Returns the number of the metric; 0: it has another kind, or there are too many.
  [[nodiscard]] std::uint32_t define_metric(MetricKind kind, std::string_view metric_name);

  const std::shared_ptr<const PluginSetup> setup;
  bool uses_malloc = false;
  bool old_abi = false;  // 0.1.0: an absent field is an empty one
  std::unordered_map<std::uint32_t, std::shared_ptr<Stream>> streams;

  std::uint32_t active = kRootContext;
  bool vm_starting = true;  // proxy_on_vm_start has not returned
  const CallResponse* call_response = nullptr;
  Duration tick{};  // zero: none
  // proxy_done() was called for them, for each once: Stream::done_called.
  std::vector<std::shared_ptr<Stream>> done;

  const loop::Core* core = nullptr;  // null: it is being made on another thread
  std::vector<CallRequest> new_calls;
  std::size_t calls = 0;  // under way, with the new ones
  std::uint32_t last_call = 0;

 private:
  std::vector<PluginMetric*> metrics_;  // the number of each is its place, plus 1
  LogGate lines_;
};

}  // namespace sluice::filters::proxy_wasm
