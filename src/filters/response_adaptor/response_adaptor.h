// SPDX-License-Identifier: Apache-2.0
// ResponseAdaptor: changes the response: headers and body.
#pragma once

#include <memory>

#include "pipeline/filter.h"

namespace sluice::filters {

[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_response_adaptor_kind();

}  // namespace sluice::filters
