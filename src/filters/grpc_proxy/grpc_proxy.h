// SPDX-License-Identifier: Apache-2.0
// GRPCProxy: a Proxy whose servers speak HTTP/2, under the name and with the fields that Easegress
// has for it.
#pragma once

#include <memory>

#include "config/value.h"
#include "pipeline/filter.h"

namespace sluice::filters {

// `proxy`: the kind Proxy, which does the work.
[[nodiscard]] std::unique_ptr<pipeline::FilterKind> make_grpc_proxy_kind(
    std::unique_ptr<pipeline::FilterKind> proxy);

// The spec of a Proxy: each pool gets `http2: true`, unless it says otherwise, and the timeouts of
// the filter as its own.
[[nodiscard]] config::Value proxy_spec_of_grpc(config::Value spec);

}  // namespace sluice::filters
