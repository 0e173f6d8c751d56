// SPDX-License-Identifier: Apache-2.0
#include "filters/header_to_json/header_to_json.h"

#include <array>

#include "pipeline/unfinished.h"

namespace sluice::filters {
namespace {

constexpr std::array<std::string_view, 2> kHeaderToJSONResults = {"jsonEncodeDecodeErr",
                                                                  "bodyReadErr"};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_header_to_json_kind() {
  return pipeline::unfinished_kind("HeaderToJSON", "Puts headers into the JSON of the body.",
                                   kHeaderToJSONResults);
}

}  // namespace sluice::filters
