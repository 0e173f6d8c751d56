// SPDX-License-Identifier: Apache-2.0
// RefusesAll: the side of a FilterPrototype that lets nobody pass as long as this member cannot
// read what its spec names.
#pragma once

#include <string>

namespace sluice::pipeline {

class RefusesAll {
 public:
  virtual ~RefusesAll() = default;
  // Why nobody passes here now; "": somebody may. Any thread.
  [[nodiscard]] virtual std::string why_nobody_passes() const = 0;
};

}  // namespace sluice::pipeline
