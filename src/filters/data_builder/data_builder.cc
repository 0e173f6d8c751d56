// SPDX-License-Identifier: Apache-2.0
#include "filters/data_builder/data_builder.h"

#include <array>

#include "pipeline/unfinished.h"

namespace sluice::filters {
namespace {

constexpr std::array<std::string_view, 1> kDataBuilderResults = {"buildErr"};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_data_builder_kind() {
  return pipeline::unfinished_kind("DataBuilder", "Makes data from a template, for later filters.",
                                   kDataBuilderResults);
}

}  // namespace sluice::filters
