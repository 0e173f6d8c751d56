// SPDX-License-Identifier: Apache-2.0
// RedirectorV2: redirects to a URL with other parts.
#pragma once

#include <memory>

#include "pipeline/filter.h"

namespace sluice::filters {

[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_redirector_v2_kind();

}  // namespace sluice::filters
