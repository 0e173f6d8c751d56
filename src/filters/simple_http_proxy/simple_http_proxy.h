// SPDX-License-Identifier: Apache-2.0
// SimpleHTTPProxy: a forward proxy, which sends a request to the server that the client names.
#pragma once

#include <memory>

#include "pipeline/filter.h"

namespace sluice::filters {

[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_simple_http_proxy_kind(
    unsigned core_count);

}  // namespace sluice::filters
