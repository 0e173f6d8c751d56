// SPDX-License-Identifier: Apache-2.0
#include "filters/cors_adaptor/cors_adaptor.h"

#include <array>

#include "pipeline/unfinished.h"

namespace sluice::filters {
namespace {

constexpr std::array<std::string_view, 2> kCORSAdaptorResults = {"preflighted", "rejected"};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_cors_adaptor_kind() {
  return pipeline::unfinished_kind(
      "CORSAdaptor",
      "Answers preflight requests of browsers, and sets the headers for pages of other sites.",
      kCORSAdaptorResults);
}

}  // namespace sluice::filters
