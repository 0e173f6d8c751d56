// SPDX-License-Identifier: Apache-2.0
// The declarations of all figures for Prometheus, of which docs/metrics.md is made, and the figures
// of the process as a whole. Those of objects: ObjectPrototype::expose.
#pragma once

#include <vector>

#include "base/memory_budget.h"
#include "control/reload_counts.h"
#include "net/tls/certificate_end.h"
#include "observe/exposition.h"
#include "pipeline/filter.h"
#include "pipeline/prototype.h"
#include "store/store.h"

namespace sluice::control {

// In the order of their names.
[[nodiscard]] std::vector<observe::MetricFamily> metric_families(
    const pipeline::FilterKinds& filters);

struct ObjectCounts {
  std::size_t running = 0;
  std::size_t building = 0;
  std::size_t failed = 0;
};
void expose_objects(const ObjectCounts& objects, std::uint64_t config_version,
                    observe::Exposition& out);
// `ready`: as /readyz answers.
void expose_ready(bool ready, observe::Exposition& out);
void expose_reloads(const ReloadCounts& reloads, observe::Exposition& out);
// Those of the first kCertificatesMax places. Requires: the first one ends first.
inline constexpr std::size_t kCertificatesMax = 100;
void expose_certificates(const net::CertificateEnds& certificates, observe::Exposition& out);
void expose_memory(const MemoryBudget& budget, observe::Exposition& out);
void expose_access_log(std::uint64_t dropped_lines, observe::Exposition& out);
void expose_store(const store::Store& store, observe::Exposition& out);

}  // namespace sluice::control
