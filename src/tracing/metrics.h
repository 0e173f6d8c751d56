// SPDX-License-Identifier: Apache-2.0
// The figures of Tracers, for Prometheus.
#pragma once

#include <string_view>

#include "observe/exposition.h"
#include "tracing/tracer.h"

namespace sluice::tracing {

[[nodiscard]] observe::MetricFamilies metric_families();
// Any thread. `server`: the name of the HTTPServer.
void expose(const Tracer& tracer, std::string_view server, observe::Exposition& out);

}  // namespace sluice::tracing
