// SPDX-License-Identifier: Apache-2.0
// RemoteFilter: lets a service of yours change the request and the response.
#pragma once

#include <memory>

#include "pipeline/filter.h"

namespace sluice::filters {

[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_remote_filter_kind(unsigned core_count);

}  // namespace sluice::filters
