// SPDX-License-Identifier: Apache-2.0
// RequestAdaptor: changes the request: method, path, headers, body, signature.
#pragma once

#include <memory>

#include "pipeline/filter.h"

namespace sluice::filters {

[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_request_adaptor_kind();

}  // namespace sluice::filters
