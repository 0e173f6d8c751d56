// SPDX-License-Identifier: Apache-2.0
// Pipeline: filters in a flow, with jumps, on one core. Knows no filter by name. The cores share
// its PipelinePrototype.
#pragma once

#include <memory>
#include <vector>

#include "pipeline/exchange.h"
#include "pipeline/filter.h"
#include "pipeline/prototype.h"

namespace sluice::pipeline {

// Core-bound. The exchanges that began on it keep it alive.
class Pipeline {
 public:
  Pipeline(std::shared_ptr<const PipelinePrototype> prototype, const loop::Core& core);

  // Runs the flow, then the response sides that its filters have added. Afterwards
  // exchange.client_response(), if any, is the response to the client.
  Task<void> handle(Exchange& exchange) const { return run(exchange, Sides::respond, {}); }
  // Whether another flow runs after this one.
  struct Following {
    bool after_last_node = false;  // after the success of the last node
    bool after_early_end = false;  // see Exchange::ended_early
  };
  // For flows one after the other: runs only the flow. Exchange::ended_early tells how it ended.
  // respond() comes after the last of them.
  Task<void> run_flow(Exchange& exchange, Following following) const {
    return run(exchange, Sides::wait, following);
  }
  // Runs the response sides of all flows that ran, the last one first.
  static Task<void> respond(Exchange& exchange);
  // True if one of its filters knows the user (Filter::knows).
  [[nodiscard]] bool knows(const http::Request& request) const;
  [[nodiscard]] const PipelinePrototype& prototype() const { return *prototype_; }

 private:
  enum class Sides { respond, wait };
  using Nodes = std::vector<PipelinePrototype::BuiltNode>;
  [[nodiscard]] static std::size_t next_after(const Nodes& nodes, std::size_t at,
                                              std::string_view result);
  // Whether no filter runs if `at` is the next node.
  [[nodiscard]] static bool is_end(const Nodes& nodes, std::size_t at, Following following);
  Task<void> run(Exchange& exchange, Sides sides, Following following) const;

  std::shared_ptr<const PipelinePrototype> prototype_;
  std::vector<std::unique_ptr<Filter>> filters_;
};

}  // namespace sluice::pipeline
