// SPDX-License-Identifier: Apache-2.0
#include "filters/request_adaptor/request_adaptor.h"

#include <array>

#include "pipeline/unfinished.h"

namespace sluice::filters {
namespace {

constexpr std::array<std::string_view, 4> kRequestAdaptorResults = {
    "decompressFailed", "compressFailed", "signFailed", "badRequest"};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_request_adaptor_kind() {
  return pipeline::unfinished_kind("RequestAdaptor",
                                   "Changes the request: method, path, headers, body, signature.",
                                   kRequestAdaptorResults);
}

}  // namespace sluice::filters
