// SPDX-License-Identifier: Apache-2.0
#include "filters/response_adaptor/response_adaptor.h"

#include <array>

#include "pipeline/unfinished.h"

namespace sluice::filters {
namespace {

constexpr std::array<std::string_view, 3> kResponseAdaptorResults = {
    "responseNotFound", "compressFailed", "decompressFailed"};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_response_adaptor_kind() {
  return pipeline::unfinished_kind("ResponseAdaptor", "Changes the response: headers and body.",
                                   kResponseAdaptorResults);
}

}  // namespace sluice::filters
