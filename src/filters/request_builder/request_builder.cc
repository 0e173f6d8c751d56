// SPDX-License-Identifier: Apache-2.0
#include "filters/request_builder/request_builder.h"

#include <array>

#include "pipeline/unfinished.h"

namespace sluice::filters {
namespace {

constexpr std::array<std::string_view, 1> kRequestBuilderResults = {"buildErr"};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_request_builder_kind() {
  return pipeline::unfinished_kind("RequestBuilder", "Makes a request from a template.",
                                   kRequestBuilderResults);
}

}  // namespace sluice::filters
