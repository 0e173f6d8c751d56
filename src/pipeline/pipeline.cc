// SPDX-License-Identifier: Apache-2.0
#include "pipeline/pipeline.h"

#include <algorithm>

namespace sluice::pipeline {
Pipeline::Pipeline(std::shared_ptr<const PipelinePrototype> prototype, const loop::Core& core)
    : prototype_(std::move(prototype)) {
  filters_.reserve(prototype_->filters_.size());
  for (const auto& filter : prototype_->filters_)
    filters_.push_back(filter.prototype->instantiate(core));
}

bool Pipeline::knows(const http::Request& request) const {
  return std::ranges::any_of(filters_, [&](const auto& filter) { return filter->knows(request); });
}

// The sides of the filters that were not the last.
Task<void> Pipeline::respond(Exchange& exchange) {
  for (std::size_t i = exchange.response_sides().size(); i-- > 0;) {
    const Exchange::AddedSide& added = exchange.response_sides()[i];
    const bool others_ran = exchange.steps.size() > added.step + 1;
    if (!others_ran) continue;
    exchange.activate(added.filter_namespace);
    exchange.set_pipeline_data(added.pipeline_data);
    co_await added.side->respond(exchange);
  }
  exchange.activate(kDefaultNamespace);
}

// A success continues at the next node, and any other result ends the flow, unless a jump matches.
std::size_t Pipeline::next_after(const Nodes& nodes, std::size_t at, std::string_view result) {
  std::size_t next = result.empty() ? at + 1 : PipelinePrototype::kEndNode;
  for (const auto& [cause, target] : nodes[at].jumps) {
    if (cause == result) next = target;
  }
  return next;
}

bool Pipeline::is_end(const Nodes& nodes, std::size_t at, Following following) {
  if (at == nodes.size()) return !following.after_last_node;
  const bool early = at > nodes.size() || nodes[at].filter == PipelinePrototype::kEndNode;
  return early && !following.after_early_end;
}

Task<void> Pipeline::run(Exchange& exchange, Sides sides, Following following) const {
  const auto& nodes = prototype_->nodes_;
  exchange.pipeline_name = prototype_->name();
  exchange.set_pipeline_data(prototype_->data());
  exchange.step_began = Clock::now();
  std::size_t at = 0;
  while (at < nodes.size()) {
    const PipelinePrototype::BuiltNode& node = nodes[at];
    if (node.filter == PipelinePrototype::kEndNode) break;
    exchange.activate(node.filter_namespace);
    exchange.at_last_node = is_end(nodes, next_after(nodes, at, ""), following);
    const std::string_view result = co_await filters_[node.filter]->handle(exchange);
    const TimePoint after = Clock::now();
    exchange.steps.push_back({node.alias, result, after - exchange.step_began, after});
    if (FilterStats* stats = prototype_->filters_[node.filter].stats.get(); stats != nullptr)
      stats->record(exchange.core().index, result, after - exchange.step_began);
    exchange.step_began = after;
    const std::size_t next = next_after(nodes, at, result);
    if (next == PipelinePrototype::kEndNode) break;
    at = next;
  }
  exchange.ended_early = at < nodes.size();
  if (sides == Sides::respond && !exchange.response_sides().empty()) [[unlikely]]
    co_await respond(exchange);
  exchange.activate(kDefaultNamespace);
}

}  // namespace sluice::pipeline
