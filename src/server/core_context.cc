// SPDX-License-Identifier: Apache-2.0
#include "server/core_context.h"

#include <ctime>
#include <utility>

#include "http/date.h"
#include "loop/event_loop.h"

namespace sluice::server {

CoreContext::CoreContext(const loop::Core& core, observe::AccessLog* access_log, Logger logger)
    : core_(core),
      memory_pressure_(core.loop.memory()),
      access_log_(access_log),
      logger_(std::move(logger)) {
  update_date();
}

void CoreContext::update_date() { date_ = http::format_date(std::time(nullptr)); }

void CoreContext::install(Pipelines pipelines, std::shared_ptr<const AbsentPipelines> absent) {
  pipelines_ = std::move(pipelines);
  absent_ = std::move(absent);
}

void CoreContext::install(const std::map<std::string, Fallthrough, std::less<>>& global_filters) {
  global_filters_.clear();
  for (const auto& [name, fallthrough] : global_filters) {
    GlobalFilter filter{pipeline(before_key(name)), pipeline(after_key(name)), fallthrough};
    global_filters_.emplace(name, std::make_shared<const GlobalFilter>(std::move(filter)));
  }
}

void CoreContext::install(std::shared_ptr<const pipeline::CustomDataSnapshot> custom_data) {
  custom_data_.put(std::move(custom_data));
}

std::shared_ptr<const CoreContext::GlobalFilter> CoreContext::global_filter(
    std::string_view name) const {
  const auto found = global_filters_.find(name);
  return found != global_filters_.end() ? found->second : nullptr;
}

std::shared_ptr<const pipeline::Pipeline> CoreContext::pipeline(std::string_view name) const {
  const auto found = pipelines_.find(name);
  return found != pipelines_.end() ? found->second : nullptr;
}

const AbsentPipeline* CoreContext::absent(std::string_view pipeline) const {
  if (!absent_) return nullptr;
  const auto found = absent_->find(pipeline);
  return found != absent_->end() ? &found->second : nullptr;
}

}  // namespace sluice::server
