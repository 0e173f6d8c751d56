// SPDX-License-Identifier: Apache-2.0
// RequestBuilder: makes a request from a template.
#pragma once

#include <memory>

#include "pipeline/filter.h"

namespace sluice::filters {

[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_request_builder_kind();

}  // namespace sluice::filters
