// SPDX-License-Identifier: Apache-2.0
// CorePlaces: what each core runs at present, for the next generation on the same core. A state of
// the StateRegistry, so that generations share it.
#pragma once

#include <memory>
#include <vector>

#include "loop/core.h"
#include "loop/on_core.h"

namespace sluice::pipeline {

// Each core uses its own place only, on its own thread. Holds nothing alive.
template <class T>
class CorePlaces {
 public:
  explicit CorePlaces(unsigned core_count) : places_(core_count) {}

  // Null if the place is empty, or its object is gone.
  [[nodiscard]] std::shared_ptr<T> find(const loop::Core& core) const {
    loop::OnCore(core.loop).here();
    return places_[core.index].lock();
  }
  void put(const loop::Core& core, const std::shared_ptr<T>& object) {
    loop::OnCore(core.loop).here();
    places_[core.index] = object;
  }

 private:
  std::vector<std::weak_ptr<T>> places_;
};

}  // namespace sluice::pipeline
