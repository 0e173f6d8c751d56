// SPDX-License-Identifier: Apache-2.0
// Pipeline: filters in a flow, with jumps, on one core. Knows no filter by name. Its
// PipelinePrototype is what the cores share.
#pragma once

#include <memory>
#include <vector>

#include "pipeline/exchange.h"
#include "pipeline/filter.h"
#include "pipeline/prototype.h"

namespace sluice::pipeline {

// Belongs to one core. Kept alive by the exchanges that began on it.
class Pipeline {
 public:
  // `previous`: this core's running generation, whose filters hand over state; may be null.
  Pipeline(std::shared_ptr<const PipelinePrototype> prototype, const loop::Core& core,
           const Pipeline* previous);

  // Runs the flow, then the response sides that its filters have added. What the client gets is
  // then exchange.client_response(), if any.
  Task<void> handle(Exchange& exchange) const;
  // Whether any of its filters knows who asks (Filter::knows).
  [[nodiscard]] bool knows(const http::Request& request) const;
  [[nodiscard]] const PipelinePrototype& prototype() const { return *prototype_; }

 private:
  std::shared_ptr<const PipelinePrototype> prototype_;
  std::vector<std::unique_ptr<Filter>> filters_;
};

}  // namespace sluice::pipeline
