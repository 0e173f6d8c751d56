// SPDX-License-Identifier: Apache-2.0
#include "admin/easegress_metrics.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "admin/member_report.h"
#include "control/controller.h"

namespace sluice::admin {
namespace {

using observe::Exposition;
using observe::MetricFamily;
using observe::MetricLabels;
using observe::MetricType;

// A figure of a status, and its family.
struct Figure {
  const char* key;
  MetricFamily family;
};

constexpr MetricFamily kHealth{"httpserver_health", MetricType::gauge,
                               "1: the server runs as configured; 0: it does not."};
constexpr std::array kServerFigures{
    Figure{"count", {"httpserver_total_requests", MetricType::counter, "Requests."}},
    Figure{"count", {"httpserver_total_responses", MetricType::counter, "Responses."}},
    Figure{"errCount",
           {"httpserver_total_error_requests", MetricType::counter,
            "Requests that were answered with a status of 400 or more."}},
    Figure{"m1", {"httpserver_m1", MetricType::gauge, "Requests a second, over one minute."}},
    Figure{"m5", {"httpserver_m5", MetricType::gauge, "Requests a second, over 5 minutes."}},
    Figure{"m15", {"httpserver_m15", MetricType::gauge, "Requests a second, over 15 minutes."}},
    Figure{"m1Err", {"httpserver_m1_err", MetricType::gauge, "Errors a second, over one minute."}},
    Figure{"m5Err", {"httpserver_m5_err", MetricType::gauge, "Errors a second, over 5 minutes."}},
    Figure{"m15Err",
           {"httpserver_m15_err", MetricType::gauge, "Errors a second, over 15 minutes."}},
    Figure{"m1ErrPercent",
           {"httpserver_m1_err_percent", MetricType::gauge, "Share of errors, over one minute."}},
    Figure{"m5ErrPercent",
           {"httpserver_m5_err_percent", MetricType::gauge, "Share of errors, over 5 minutes."}},
    Figure{"m15ErrPercent",
           {"httpserver_m15_err_percent", MetricType::gauge, "Share of errors, over 15 minutes."}},
    Figure{"min", {"httpserver_min", MetricType::gauge, "Shortest duration, in ms."}},
    Figure{"max", {"httpserver_max", MetricType::gauge, "Longest duration, in ms."}},
    Figure{"mean", {"httpserver_mean", MetricType::gauge, "Mean duration, in ms."}},
    Figure{"p25", {"httpserver_p25", MetricType::gauge, "Percentile of duration, in ms."}},
    Figure{"p50", {"httpserver_p50", MetricType::gauge, "Percentile of duration, in ms."}},
    Figure{"p75", {"httpserver_p75", MetricType::gauge, "Percentile of duration, in ms."}},
    Figure{"p95", {"httpserver_p95", MetricType::gauge, "Percentile of duration, in ms."}},
    Figure{"p98", {"httpserver_p98", MetricType::gauge, "Percentile of duration, in ms."}},
    Figure{"p99", {"httpserver_p99", MetricType::gauge, "Percentile of duration, in ms."}},
    Figure{"p999", {"httpserver_p999", MetricType::gauge, "Percentile of duration, in ms."}},
    Figure{"reqSize", {"httpserver_req_size", MetricType::gauge, "Bytes of all requests."}},
    Figure{"respSize", {"httpserver_resp_size", MetricType::gauge, "Bytes of all responses."}}};
constexpr MetricFamily kDurations{"httpserver_requests_duration_percentage", MetricType::summary,
                                  "Durations of requests in ms; quantiles of the last minute."};
constexpr std::array kQuantiles{std::pair{"p25", "0.25"}, std::pair{"p50", "0.5"},
                                std::pair{"p75", "0.75"}, std::pair{"p95", "0.95"},
                                std::pair{"p99", "0.99"}};
constexpr std::array kPoolFigures{
    Figure{"count",
           {"proxy_total_connections", MetricType::counter, "Requests that went to backends."}},
    Figure{"errCount",
           {"proxy_total_error_connections", MetricType::counter,
            "Such requests whose response had a status of 400 or more, or that had none."}}};

double number_at(const Json& map, const char* key) {
  const auto found = map.find(key);
  return found != map.end() && found->is_number() ? found->get<double>() : 0;
}

void add_server(const Json& status, const std::string& router_kind, MetricLabels labels,
                Exposition& out) {
  labels.emplace_back("httpServerName", status.value("name", ""));
  labels.emplace_back("kind", "HTTPServer");
  out.add(kHealth, labels, status.value("state", "") == "running" ? 1 : 0);
  labels.emplace_back("routerKind", router_kind);
  for (const Figure& figure : kServerFigures)
    out.add(figure.family, labels, number_at(status, figure.key));
  for (const auto& [key, quantile] : kQuantiles) {
    MetricLabels with_quantile = labels;
    with_quantile.emplace_back("quantile", quantile);
    out.add(kDurations, with_quantile, number_at(status, key));
  }
  const double count = number_at(status, "count");
  out.add(kDurations, labels, number_at(status, "mean") * count, "_sum");
  out.add(kDurations, labels, count, "_count");
}

// The pools of a Proxy, in its status and in the access log. Of a list, each has a number.
struct PoolName {
  std::string_view key;
  std::string_view name;
};
constexpr std::array kPoolNames{PoolName{"mainPool", "main"},
                                PoolName{"candidatePools", "candidate"},
                                PoolName{"mirrorPool", "mirror"}};

std::string name_of_pool(const std::string& key) {
  const auto known = std::ranges::find(kPoolNames, std::string_view(key), &PoolName::key);
  return known == kPoolNames.end() ? key : std::string(known->name);
}

// Each pool has `stat`, or is a list of such.
void add_pools(const Json& pools, const std::string& name, MetricLabels labels, Exposition& out) {
  if (pools.is_array()) {
    std::size_t place = 0;
    for (const Json& pool : pools)
      add_pools(pool, name + "#" + std::to_string(place++), labels, out);
    return;
  }
  if (!pools.is_object() || !pools.contains("stat")) return;
  labels.emplace_back("proxyName", name);
  labels.emplace_back("kind", "Proxy");
  for (const Figure& figure : kPoolFigures)
    out.add(figure.family, labels, number_at(pools["stat"], figure.key));
}

void add_pipeline(const Json& status, const MetricLabels& labels, Exposition& out) {
  const Json filters = status.value("filters", Json::object());
  for (const auto& [filter, its] : filters.items()) {
    if (!its.is_object()) continue;
    for (const auto& [pool, figures] : its.items())
      add_pools(figures, status.value("name", "") + "#" + filter + "#" + name_of_pool(pool), labels,
                out);
  }
}

}  // namespace

void expose_as_easegress(const Context& context, Exposition& out) {
  const auto options = context.start_options.load();
  const MetricLabels common{{"clusterName", options ? options->value("cluster-name", "") : ""},
                            {"clusterRole", role_of(context)},
                            {"instanceName", context.options.member_name}};
  for (const Json& spec : context.controller.list()) {
    const auto status = context.controller.status(spec.value("name", ""));
    if (!status) continue;  // deleted meanwhile
    if (status->contains("count")) add_server(*status, spec.value("routerKind", ""), common, out);
    if (status->contains("filters")) add_pipeline(*status, common, out);
  }
}

}  // namespace sluice::admin
