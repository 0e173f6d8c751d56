// SPDX-License-Identifier: Apache-2.0
#include "filters/response_builder/response_builder.h"

#include <array>

#include "pipeline/unfinished.h"

namespace sluice::filters {
namespace {

constexpr std::array<std::string_view, 1> kResponseBuilderResults = {"buildErr"};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_response_builder_kind() {
  return pipeline::unfinished_kind("ResponseBuilder", "Makes a response from a template.",
                                   kResponseBuilderResults);
}

}  // namespace sluice::filters
