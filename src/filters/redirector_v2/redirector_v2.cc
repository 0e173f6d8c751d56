// SPDX-License-Identifier: Apache-2.0
#include "filters/redirector_v2/redirector_v2.h"

#include <array>

#include "pipeline/unfinished.h"

namespace sluice::filters {
namespace {

constexpr std::array<std::string_view, 1> kRedirectorV2Results = {"redirected"};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_redirector_v2_kind() {
  return pipeline::unfinished_kind("RedirectorV2", "Redirects to a URL with other parts.",
                                   kRedirectorV2Results);
}

}  // namespace sluice::filters
