// SPDX-License-Identifier: Apache-2.0
#include "filters/header_lookup/header_lookup.h"

#include "pipeline/unfinished.h"

namespace sluice::filters {

std::unique_ptr<pipeline::FilterKind> make_header_lookup_kind() {
  return pipeline::unfinished_kind(
      "HeaderLookup", "Sets headers from an item of custom data, which a header names.", {});
}

}  // namespace sluice::filters
