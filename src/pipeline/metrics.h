// SPDX-License-Identifier: Apache-2.0
// The figures of the filters of all pipelines, for Prometheus.
#pragma once

#include <array>

#include "observe/exposition.h"

namespace sluice::pipeline {

inline constexpr std::array kFilterRunFamilies{observe::MetricFamily{
    "sluice_filter_duration_seconds", observe::MetricType::histogram,
    "Runs of filters, by result (success: none), and their durations, the wait included.",
    "seconds", "pipeline,filter,kind,result"}};

}  // namespace sluice::pipeline
