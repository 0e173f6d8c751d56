// SPDX-License-Identifier: Apache-2.0
#include "filters/remote_filter/remote_filter.h"

#include <array>

#include "pipeline/unfinished.h"

namespace sluice::filters {
namespace {

constexpr std::array<std::string_view, 2> kRemoteFilterResults = {"failed", "responseAlready"};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_remote_filter_kind() {
  return pipeline::unfinished_kind("RemoteFilter",
                                   "Lets a service of yours change the request and the response.",
                                   kRemoteFilterResults);
}

}  // namespace sluice::filters
