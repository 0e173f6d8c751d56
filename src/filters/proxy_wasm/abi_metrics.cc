// SPDX-License-Identifier: Apache-2.0
// Metrics that the guest defines.
#include "filters/proxy_wasm/abi.h"
#include "filters/proxy_wasm/plugin.h"
#include "filters/proxy_wasm/values.h"
#include "wasm/host_function.h"

namespace sluice::filters::proxy_wasm {
namespace {

using wasm::host_function;
using wasm::HostCall;

constexpr auto kMetricKindMax = static_cast<std::uint32_t>(MetricKind::histogram);

Result<Answer> define_metric(Plugin& plugin, HostCall& call, std::uint32_t kind, GuestBytes name,
                             Out<std::uint32_t> out) {
  if (!all_inside(name, out)) return Answer(Status::invalid_memory);
  if (kind > kMetricKindMax || !is_metric_name(name.text)) return Answer(Status::bad_argument);
  const std::uint32_t id = plugin.define_metric(static_cast<MetricKind>(kind), name.text);
  if (id == 0) return Answer(Status::bad_argument);
  SLUICE_CHECK(out.put(call, id));
  return Answer(Status::ok);
}

Answer record_metric(Plugin& plugin, std::uint32_t id, std::uint64_t value) {
  PluginMetric* metric = plugin.metric(id);
  if (metric == nullptr) return Status::not_found;
  if (metric->kind != MetricKind::histogram) {
    metric->value.store(value, std::memory_order_relaxed);
    return Status::ok;
  }
  metric->value.fetch_add(value, std::memory_order_relaxed);
  metric->count.fetch_add(1, std::memory_order_relaxed);
  return Status::ok;
}

Answer increment_metric(Plugin& plugin, std::uint32_t id, std::int64_t delta) {
  PluginMetric* metric = plugin.metric(id);
  if (metric == nullptr) return Status::not_found;
  if (metric->kind == MetricKind::histogram) return Status::bad_argument;
  if (metric->kind == MetricKind::counter && delta < 0) return Status::bad_argument;
  // Unsigned, so that it wraps.
  metric->value.fetch_add(static_cast<std::uint64_t>(delta), std::memory_order_relaxed);
  return Status::ok;
}

Result<Answer> get_metric(Plugin& plugin, HostCall& call, std::uint32_t id,
                          Out<std::uint64_t> out) {
  if (!out.inside) return Answer(Status::invalid_memory);
  const PluginMetric* metric = plugin.metric(id);
  if (metric == nullptr) return Answer(Status::not_found);
  SLUICE_CHECK(out.put(call, metric->value.load(std::memory_order_relaxed)));
  return Answer(Status::ok);
}

constexpr wasm::HostFunction kMetricFunctions[] = {
    host_function<define_metric>("proxy_define_metric"),
    host_function<record_metric>("proxy_record_metric"),
    host_function<increment_metric>("proxy_increment_metric"),
    host_function<get_metric>("proxy_get_metric"),
};

}  // namespace

std::span<const wasm::HostFunction> metric_functions() { return kMetricFunctions; }

}  // namespace sluice::filters::proxy_wasm
