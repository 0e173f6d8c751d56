// SPDX-License-Identifier: Apache-2.0
// The bounds of a rendering, and what it is for.
#pragma once

#include <cstddef>

#include "templates/function.h"
#include "templates/output.h"

namespace sluice::templates {

struct RenderOptions {
  OutputForm form = OutputForm::text;
  Host* host = nullptr;  // null: `log` writes nothing
  std::size_t output_bytes_max = std::size_t{4} << 20;
  // A step is a node, an operand, a round of a loop, or 64 bytes that a function reads or makes.
  std::size_t steps_max = 250'000;
};

}  // namespace sluice::templates
