// SPDX-License-Identifier: Apache-2.0
#include "filters/result_builder/result_builder.h"

#include <array>

#include "pipeline/unfinished.h"

namespace sluice::filters {
namespace {

constexpr std::array<std::string_view, 12> kResultBuilderResults = {
    "unknown", "buildErr", "result0", "result1", "result2", "result3",
    "result4", "result5",  "result6", "result7", "result8", "result9"};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_result_builder_kind() {
  return pipeline::unfinished_kind(
      "ResultBuilder",
      "Makes the result of its node from a template, so that the flow jumps by it.",
      kResultBuilderResults);
}

}  // namespace sluice::filters
