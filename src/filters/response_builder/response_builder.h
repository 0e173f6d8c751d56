// SPDX-License-Identifier: Apache-2.0
// ResponseBuilder: makes a response, from a template or of another namespace.
#pragma once

#include <memory>

#include "base/log.h"
#include "pipeline/filter.h"

namespace sluice::filters {

[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_response_builder_kind(Logger logger);

}  // namespace sluice::filters
