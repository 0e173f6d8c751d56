// SPDX-License-Identifier: Apache-2.0
// ResponseAdaptor: changes the response.
#pragma once

#include <memory>

#include "base/log.h"
#include "pipeline/filter.h"

namespace sluice::filters {

[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_response_adaptor_kind(Logger logger);

}  // namespace sluice::filters
