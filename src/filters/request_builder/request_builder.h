// SPDX-License-Identifier: Apache-2.0
// RequestBuilder: makes a request, from a template or of another namespace.
#pragma once

#include <memory>

#include "base/log.h"
#include "pipeline/filter.h"

namespace sluice::filters {

[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_request_builder_kind(Logger logger);

}  // namespace sluice::filters
