// SPDX-License-Identifier: Apache-2.0
// GET /metrics: figures for Prometheus, in its text format or as OpenMetrics.
#pragma once

#include "admin/resource.h"

namespace sluice::admin {

void add_metrics(ApiRouter& router, Context& context);

}  // namespace sluice::admin
