// SPDX-License-Identifier: Apache-2.0
// RequestAdaptor: changes the request.
#pragma once

#include <memory>

#include "base/log.h"
#include "pipeline/filter.h"

namespace sluice::filters {

[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_request_adaptor_kind(Logger logger);

}  // namespace sluice::filters
