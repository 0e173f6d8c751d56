// SPDX-License-Identifier: Apache-2.0
// HeaderLookup: sets headers from an item of custom data, which a header names.
#pragma once

#include <memory>

#include "pipeline/filter.h"

namespace sluice::filters {

[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_header_lookup_kind();

}  // namespace sluice::filters
