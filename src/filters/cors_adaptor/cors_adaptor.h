// SPDX-License-Identifier: Apache-2.0
// CORSAdaptor: tells browsers which pages of other sites may read the responses.
#pragma once

#include <memory>

#include "pipeline/filter.h"

namespace sluice::filters {

[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_cors_adaptor_kind();

}  // namespace sluice::filters
