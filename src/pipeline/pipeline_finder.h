// SPDX-License-Identifier: Apache-2.0
// PipelineFinder: the pipelines that run, by name, for filters that call one.
#pragma once

#include <memory>
#include <string_view>

#include "loop/core.h"

namespace sluice::pipeline {

class Pipeline;

class PipelineFinder {
 public:
  // On the core's thread. Returns null if no pipeline of that name runs.
  [[nodiscard]] virtual std::shared_ptr<const Pipeline> pipeline(const loop::Core& core,
                                                                 std::string_view name) const = 0;

 protected:
  ~PipelineFinder() = default;
};

}  // namespace sluice::pipeline
