// SPDX-License-Identifier: Apache-2.0
// The figures of a filter for Prometheus: what a FilterPrototype with figures is as well, and its
// FilterKind.
#pragma once

#include <string_view>

#include "observe/exposition.h"

namespace sluice::pipeline {

// The names of a filter, for its labels.
struct FilterPlace {
  std::string_view pipeline;
  std::string_view filter;
};

class WithFigures {
 public:
  // Any thread but a worker's: adds the figures to `out`.
  virtual void expose(const FilterPlace& place, observe::Exposition& out) const = 0;

 protected:
  ~WithFigures() = default;
};

class WithFamilies {
 public:
  // The families of the figures that filters of this kind have.
  [[nodiscard]] virtual observe::MetricFamilies metric_families() const = 0;

 protected:
  ~WithFamilies() = default;
};

}  // namespace sluice::pipeline
