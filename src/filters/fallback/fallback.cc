// SPDX-License-Identifier: Apache-2.0
#include "filters/fallback/fallback.h"

#include <array>

#include "pipeline/unfinished.h"

namespace sluice::filters {
namespace {

constexpr std::array<std::string_view, 2> kFallbackResults = {"fallback", "responseNotFound"};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_fallback_kind() {
  return pipeline::unfinished_kind(
      "Fallback", "Puts a fixed response in the place of the one that is there.", kFallbackResults);
}

}  // namespace sluice::filters
