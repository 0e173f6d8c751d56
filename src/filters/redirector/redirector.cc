// SPDX-License-Identifier: Apache-2.0
#include "filters/redirector/redirector.h"

#include <array>

#include "pipeline/unfinished.h"

namespace sluice::filters {
namespace {

constexpr std::array<std::string_view, 1> kRedirectorResults = {"redirected"};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_redirector_kind() {
  return pipeline::unfinished_kind("Redirector", "Redirects by a regular expression on the URL.",
                                   kRedirectorResults);
}

}  // namespace sluice::filters
