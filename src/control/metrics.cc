// SPDX-License-Identifier: Apache-2.0
#include "control/metrics.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "observe/process_figures.h"
#include "pipeline/figures.h"
#include "pipeline/metrics.h"
#include "server/metrics.h"
#include "tracing/metrics.h"

namespace sluice::control {
namespace {

using observe::Exposition;
using observe::MetricFamily;
using observe::MetricType;

// Indices of kOwnFamilies.
struct ProcessFigure {
  enum Index : std::size_t {
    build_info,
    objects,
    config_version,
    ready,
    reloads,
    certificate_end,
    budget,
    leased,
    held,
    store_healthy,
    groups,
    commits,
    write_failures,
    group_commits,
    group_write,
    dropped_log_lines
  };
};
constexpr std::array kOwnFamilies{
    MetricFamily{"sluice_build_info", MetricType::gauge, "1; the label tells the version.", "",
                 "version"},
    MetricFamily{"sluice_objects", MetricType::gauge,
                 "Objects by state: running, building or failed.", "", "state"},
    MetricFamily{"sluice_config_changes_total", MetricType::counter,
                 "Changes of objects since the first start (X-Config-Version)."},
    MetricFamily{
        "sluice_ready", MetricType::gauge,
        "1: the member serves, as GET /readyz answers: the store writes, the initial objects "
        "are created, all objects are built, and the process does not end."},
    MetricFamily{"sluice_reloads_total", MetricType::counter,
                 "Reloads asked of this member, by kind (objects: documents applied at once; code; "
                 "certificates and configuration: by SIGHUP; rollback: by itself, of code that "
                 "failed too often) and result: done, or refused.",
                 "", "kind,result"},
    MetricFamily{"sluice_certificate_expiry_time_seconds", MetricType::gauge,
                 "End of a certificate, since 1970. Of the 100 that end first, by their places.",
                 "seconds", "place"},
    MetricFamily{"sluice_memory_budget_bytes", MetricType::gauge,
                 "The memory budget (--memory-budget).", "bytes"},
    MetricFamily{"sluice_memory_leased_bytes", MetricType::gauge,
                 "The part of the budget that the cores have taken.", "bytes"},
    MetricFamily{"sluice_memory_held_bytes", MetricType::gauge, "Memory held for peers, by use.",
                 "bytes", "use"},
    MetricFamily{"sluice_store_healthy", MetricType::gauge, "1: the store writes."},
    MetricFamily{"sluice_store_groups_total", MetricType::counter,
                 "Groups of commits, each written at once with one fsync."},
    MetricFamily{"sluice_store_commits_total", MetricType::counter,
                 "Commits written, of all groups."},
    MetricFamily{"sluice_store_write_failures_total", MetricType::counter,
                 "Writes of a group that failed."},
    MetricFamily{"sluice_store_group_commits", MetricType::summary,
                 "Commits of a group; quantiles since the start, 1 is the greatest."},
    MetricFamily{"sluice_store_group_write_seconds", MetricType::histogram,
                 "Writes of groups, each with its fsync. The bounds are right within 12.5 percent.",
                 "seconds"},
    MetricFamily{"sluice_access_log_dropped_lines_total", MetricType::counter,
                 "Lines of the access log that the disk or the log daemon did not take."}};

void expose_quantiles(const MetricFamily& family, const store::WriteStatistics::Quantiles& of,
                      Exposition& out) {
  out.quantile(family, {}, "0.5", static_cast<double>(of.p50));
  out.quantile(family, {}, "0.99", static_cast<double>(of.p99));
  out.quantile(family, {}, "1.0", static_cast<double>(of.max));
}

}  // namespace

std::vector<MetricFamily> metric_families(const pipeline::FilterKinds& filters) {
  std::vector<MetricFamily> all(kOwnFamilies.begin(), kOwnFamilies.end());
  const auto add = [&all](observe::MetricFamilies families) {
    all.insert(all.end(), families.begin(), families.end());
  };
  add(observe::process_metric_families());
  add(server::metric_families());
  add(tracing::metric_families());
  add(pipeline::kFilterRunFamilies);
  for (const auto& kind : filters) {
    if (const auto* its = dynamic_cast<const pipeline::WithFamilies*>(kind.get()); its != nullptr)
      add(its->metric_families());
  }
  std::ranges::sort(all, {}, &MetricFamily::name);
  const auto repeated = std::ranges::unique(all, {}, &MetricFamily::name);
  all.erase(repeated.begin(), repeated.end());
  return all;
}

void expose_objects(const ObjectCounts& counts, std::uint64_t version, Exposition& out) {
  out.sample(kOwnFamilies[ProcessFigure::build_info], {SLUICE_VERSION}, 1);
  out.sample(kOwnFamilies[ProcessFigure::objects], {"running"},
             static_cast<double>(counts.running));
  out.sample(kOwnFamilies[ProcessFigure::objects], {"building"},
             static_cast<double>(counts.building));
  out.sample(kOwnFamilies[ProcessFigure::objects], {"failed"}, static_cast<double>(counts.failed));
  out.sample(kOwnFamilies[ProcessFigure::config_version], {}, static_cast<double>(version));
}

void expose_ready(bool ready, Exposition& out) {
  out.sample(kOwnFamilies[ProcessFigure::ready], {}, ready ? 1 : 0);
}

void expose_reloads(const ReloadCounts& reloads, Exposition& out) {
  for (std::size_t i = 0; i < kReloadKinds.size(); ++i) {
    for (const bool done : {true, false}) {
      out.sample(kOwnFamilies[ProcessFigure::reloads], {kReloadKinds[i], done ? "done" : "refused"},
                 static_cast<double>(reloads.count(static_cast<ReloadKind>(i), done)));
    }
  }
}

void expose_certificates(const net::CertificateEnds& certificates, Exposition& out) {
  std::set<std::string_view> places;
  for (const net::CertificateEnd& one : certificates) {
    if (places.size() == kCertificatesMax) return;
    if (!places.insert(one.place).second) continue;
    out.sample(kOwnFamilies[ProcessFigure::certificate_end], {one.place},
               static_cast<double>(one.end.time_since_epoch().count()));
  }
}

void expose_memory(const MemoryBudget& memory, Exposition& out) {
  out.sample(kOwnFamilies[ProcessFigure::budget], {}, static_cast<double>(memory.bytes()));
  out.sample(kOwnFamilies[ProcessFigure::leased], {}, static_cast<double>(memory.leased()));
  for (std::size_t use = 0; use < kMemoryUses; ++use) {
    const auto its = static_cast<MemoryUse>(use);
    out.sample(kOwnFamilies[ProcessFigure::held], {to_string(its)},
               static_cast<double>(memory.held(its)));
  }
}

void expose_access_log(std::uint64_t dropped_lines, Exposition& out) {
  out.sample(kOwnFamilies[ProcessFigure::dropped_log_lines], {},
             static_cast<double>(dropped_lines));
}

void expose_store(const store::Store& store, Exposition& out) {
  const store::WriteStatistics written = store.write_statistics();
  out.sample(kOwnFamilies[ProcessFigure::store_healthy], {}, store.health().empty() ? 1 : 0);
  out.sample(kOwnFamilies[ProcessFigure::groups], {}, static_cast<double>(written.groups));
  out.sample(kOwnFamilies[ProcessFigure::commits], {}, static_cast<double>(written.commits));
  out.sample(kOwnFamilies[ProcessFigure::write_failures], {},
             static_cast<double>(written.failures));
  if (written.groups == 0) return;
  expose_quantiles(kOwnFamilies[ProcessFigure::group_commits], written.group_size, out);
  out.histogram(kOwnFamilies[ProcessFigure::group_write], {}, written.writes);
}

}  // namespace sluice::control
