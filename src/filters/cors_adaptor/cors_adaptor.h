// SPDX-License-Identifier: Apache-2.0
// CORSAdaptor: answers preflight requests of browsers, and sets the headers for pages of other
// sites.
#pragma once

#include <memory>

#include "pipeline/filter.h"

namespace sluice::filters {

[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_cors_adaptor_kind();

}  // namespace sluice::filters
