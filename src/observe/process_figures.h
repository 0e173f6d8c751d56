// SPDX-License-Identifier: Apache-2.0
// The figures of this process that the system knows, for Prometheus.
#pragma once

#include "observe/exposition.h"

namespace sluice::observe {

[[nodiscard]] MetricFamilies process_metric_families();
// Reads files of the system; never on a core. A figure that the system does not tell is left out.
void expose_process(Exposition& out);

}  // namespace sluice::observe
