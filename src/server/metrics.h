// SPDX-License-Identifier: Apache-2.0
// The figures of the HTTPServers, for Prometheus.
#pragma once

#include <string_view>

#include "observe/exposition.h"
#include "server/snapshot.h"

namespace sluice::server {

[[nodiscard]] observe::MetricFamilies metric_families();
// Any thread but a worker's. `listens`: as configured.
void expose(const ServerPrototype& server, bool listens, observe::Exposition& out);

}  // namespace sluice::server
