// SPDX-License-Identifier: Apache-2.0
// CoreContext: the parts of a worker that its servers, connections and exchanges use: the core, the
// running pipelines, the logs, the clock of the Date field and the memory pressure. The Worker owns
// it and keeps it up to date. Core-bound.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/log.h"
#include "loop/core.h"
#include "observe/access_log.h"
#include "pipeline/custom_data.h"
#include "pipeline/pipeline.h"
#include "server/memory_pressure.h"
#include "server/snapshot.h"

namespace sluice::server {

class CoreContext {
 public:
  struct NameHash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  using Pipelines = std::unordered_map<std::string, std::shared_ptr<const pipeline::Pipeline>,
                                       NameHash, std::equal_to<>>;

  // `access_log` may be null (disabled). Requires: `core` and `access_log` outlive this.
  CoreContext(const loop::Core& core, observe::AccessLog* access_log, Logger logger);
  CoreContext(const CoreContext&) = delete;
  CoreContext& operator=(const CoreContext&) = delete;

  [[nodiscard]] const loop::Core& core() const { return core_; }
  [[nodiscard]] loop::EventLoop& loop() const { return core_.loop; }
  [[nodiscard]] observe::AccessLog* access_log() const { return access_log_; }
  [[nodiscard]] const Logger& logger() const { return logger_; }
  // Decides what is refused for lack of memory.
  [[nodiscard]] const MemoryPressure& memory_pressure() const { return memory_pressure_; }
  // Whether the process serves: see Workers::set_ready(). One load.
  [[nodiscard]] bool ready() const {
    return ready_ != nullptr && ready_->load(std::memory_order_relaxed);
  }
  // The current time as IMF-fixdate, to the second (RFC 9110 section 5.6.7).
  [[nodiscard]] std::string_view date() const { return date_; }
  // Returns null if no pipeline of that name runs.
  [[nodiscard]] std::shared_ptr<const pipeline::Pipeline> pipeline(std::string_view name) const;
  // Returns why the pipeline does not run; null if none of that name is configured.
  [[nodiscard]] const AbsentPipeline* absent(std::string_view pipeline) const;

  // A GlobalFilter on this core. Null pipelines: it has none.
  struct GlobalFilter {
    std::shared_ptr<const pipeline::Pipeline> before;
    std::shared_ptr<const pipeline::Pipeline> after;
    Fallthrough fallthrough;
  };
  // Returns null if no GlobalFilter of that name runs.
  [[nodiscard]] std::shared_ptr<const GlobalFilter> global_filter(std::string_view name) const;
  [[nodiscard]] const pipeline::CustomDataSlot& custom_data() const { return custom_data_; }

  // For the Worker.
  [[nodiscard]] const Pipelines& pipelines() const { return pipelines_; }
  // `absent` may be null: none.
  void install(Pipelines pipelines, std::shared_ptr<const AbsentPipelines> absent);
  // Requires: the pipelines are installed.
  void install(const std::map<std::string, Fallthrough, std::less<>>& global_filters);
  void install(std::shared_ptr<const pipeline::CustomDataSnapshot> custom_data);
  // Before the worker starts. Requires: `ready` outlives this.
  void watch(const std::atomic<bool>& ready) { ready_ = &ready; }
  // Reads the clock for date().
  void update_date();

 private:
  const loop::Core& core_;
  MemoryPressure memory_pressure_;
  observe::AccessLog* access_log_;
  Logger logger_;
  Pipelines pipelines_;
  std::shared_ptr<const AbsentPipelines> absent_;
  std::map<std::string, std::shared_ptr<const GlobalFilter>, std::less<>> global_filters_;
  pipeline::CustomDataSlot custom_data_;
  std::string date_;
  const std::atomic<bool>* ready_ = nullptr;
};

}  // namespace sluice::server
