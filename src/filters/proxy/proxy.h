// SPDX-License-Identifier: Apache-2.0
// Proxy: sends requests to backends.
#pragma once

#include <memory>
#include <string>

#include "base/log.h"
#include "pipeline/filter.h"

namespace sluice::filters {

// `core_count`: the workers that run the filter. `own_secret`: the secret of this gateway, which
// keys the cookies of sticky sessions; if empty, the process generates one.
// `offline`: no server's health is checked.
[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_proxy_kind(Logger logger,
                                                                    unsigned core_count,
                                                                    std::string own_secret = {},
                                                                    bool offline = false);

}  // namespace sluice::filters
