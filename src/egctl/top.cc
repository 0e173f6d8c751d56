// SPDX-License-Identifier: Apache-2.0
#include "egctl/top.h"

#include <unistd.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "egctl/live_state.h"
#include "egctl/live_text.h"

namespace sluice::egctl {
namespace {

using Labels = LiveState::Labels;

constexpr std::string_view kRequests = "sluice_live_requests_seconds";
constexpr std::string_view kFilters = "sluice_filter_duration_seconds";
constexpr std::string_view kClear = "\x1b[H\x1b[2J";  // of a terminal

std::string rate_of(const LiveState& live, std::string_view family, const Labels& labels) {
  return short_number(live.get(family, labels, LiveState::rate));
}

std::string process_line(const LiveState& live) {
  double connections = 0;
  for (const auto& [labels, values] : live.all("sluice_server_connections"))
    connections += values.empty() ? 0 : values[0];
  const Labels every{"", ""};
  return time_of_day(live.time()) + "  requests " + rate_of(live, kRequests, every) + "/s  4xx " +
         rate_of(live, kRequests, {"", "4xx"}) + "/s  5xx " +
         rate_of(live, kRequests, {"", "5xx"}) + "/s  p99 " +
         short_duration(live.get(kRequests, every, LiveState::p99)) + "  connections " +
         short_number(connections) + "  CPU " +
         short_number(live.get("process_cpu_seconds_total", {}, LiveState::rate) * 100) +
         " %  memory " + short_bytes(live.get("process_resident_memory_bytes", {})) + "\n";
}

std::vector<Row> server_rows(const LiveState& live) {
  std::vector<Row> rows{{"SERVER", "REQ/S", "4XX/S", "5XX/S", "P50", "P99", "CONNECTIONS"}};
  for (const auto& [labels, values] : live.all("sluice_server_connections")) {
    const std::string& name = labels[0];
    rows.push_back({name, rate_of(live, kRequests, {name, ""}),
                    rate_of(live, kRequests, {name, "4xx"}),
                    rate_of(live, kRequests, {name, "5xx"}),
                    short_duration(live.get(kRequests, {name, ""}, LiveState::p50)),
                    short_duration(live.get(kRequests, {name, ""}, LiveState::p99)),
                    short_number(live.get("sluice_server_connections", labels))});
  }
  return rows;
}

// A row for each filter and result.
std::vector<Row> filter_rows(const LiveState& live) {
  std::vector<Row> rows{{"PIPELINE", "FILTER", "KIND", "RESULT", "REQ/S", "P50", "P99"}};
  for (const auto& [labels, values] : live.all(kFilters)) {
    if (labels.size() < 4 || values.size() <= LiveState::p99) continue;
    rows.push_back({labels[0], labels[1], labels[2], labels[3],
                    short_number(values[LiveState::rate]), short_duration(values[LiveState::p50]),
                    short_duration(values[LiveState::p99])});
  }
  return rows;
}

std::vector<Row> guest_rows(const LiveState& live) {
  std::vector<Row> rows{{"PIPELINE", "WASMHOST", "PERMITS", "LIMIT", "KEYS", "CONFLICTS/S",
                         "TIMEOUTS/S", "WAITING", "GUESTS"}};
  for (const auto& [labels, values] : live.all("sluice_data_keys")) {
    const bool limited = live.all("sluice_data_limit_keys").contains(labels);
    const auto now = [&](std::string_view family) {
      return short_number(live.get(family, labels));
    };
    Labels timeouts = labels;
    timeouts.emplace_back("timeout");
    rows.push_back({labels[0], labels[1], limited ? now("sluice_data_limit_used_keys") : "",
                    limited ? now("sluice_data_limit_keys") : "", now("sluice_data_keys"),
                    rate_of(live, "sluice_guest_conflicts_total", labels),
                    rate_of(live, "sluice_guest_failures_total", timeouts),
                    now("sluice_guests_waiting"), now("sluice_guests_alive")});
  }
  return rows;
}

std::vector<Row> backend_rows(const LiveState& live) {
  std::vector<Row> rows{
      {"PIPELINE", "FILTER", "POOL", "BACKEND", "REQ/S", "FAILURES/S", "IN FLIGHT", "STATE"}};
  for (const auto& [labels, values] : live.all("sluice_backend_healthy")) {
    if (labels.size() < 4) continue;
    const bool healthy = live.get("sluice_backend_healthy", labels) > 0;
    const bool ejected = live.get("sluice_backend_ejected", labels) > 0;
    rows.push_back({labels[0], labels[1], labels[2], labels[3],
                    rate_of(live, "sluice_backend_requests_total", labels),
                    rate_of(live, "sluice_backend_failures_total", labels),
                    short_number(live.get("sluice_backend_requests_in_flight", labels)),
                    ejected   ? "ejected"
                    : healthy ? "healthy"
                              : "unhealthy"});
  }
  return rows;
}

std::string picture_of(const Invocation& invocation, const LiveState& live) {
  std::string text = process_line(live);
  for (auto& rows : {server_rows(live), filter_rows(live), guest_rows(live), backend_rows(live)}) {
    if (rows.size() > 1) text += "\n" + invocation.table(rows);
  }
  return text;
}

Result<void> show_once(const Invocation& invocation) {
  SLUICE_TRY(const ApiClient client, invocation.client());
  SLUICE_TRY(const Json all, read_live(client));
  LiveState live;
  live.take(all);
  invocation.print_or(all, picture_of(invocation, live));
  return {};
}

Result<void> show_always(Invocation& invocation) {
  if (invocation.format() != Output::standard) return invocation.misuse("-o wants --once");
  const bool terminal = ::isatty(STDOUT_FILENO) != 0;
  SLUICE_TRY(const ApiClient client, invocation.client());
  return follow_live(client, [&](const LiveState& live) {
    const std::string text = picture_of(invocation, live);
    return write_to(invocation.out)(terminal ? std::string(kClear) + text : text + "\n");
  });
}

}  // namespace

void add_top(Command root, Invocation& invocation) {
  const Command top = root.add("top", "Traffic, filters, guests and backends, as they change");
  const auto once = std::make_shared<bool>(false);
  top.flag("--once", *once, "print it once; with -o json, all figures");
  set_action(top, invocation,
             [once](Invocation& s) { return *once ? show_once(s) : show_always(s); });
}

}  // namespace sluice::egctl
