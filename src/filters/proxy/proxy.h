// SPDX-License-Identifier: Apache-2.0
// Proxy: hands requests to backends.
#pragma once

#include <memory>

#include "base/log.h"
#include "pipeline/filter.h"

namespace sluice::filters {

// `core_count`: the workers that will run it.
[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_proxy_kind(Logger logger,
                                                                    unsigned core_count);

}  // namespace sluice::filters
