// SPDX-License-Identifier: Apache-2.0
// GET /metrics?names=easegress: figures for Prometheus, under Easegress' names.
#pragma once

#include "admin/resource.h"
#include "observe/exposition.h"

namespace sluice::admin {

// Made of the status of each object.
void expose_as_easegress(const Context& context, observe::Exposition& out);

}  // namespace sluice::admin
