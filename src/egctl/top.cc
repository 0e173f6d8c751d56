// SPDX-License-Identifier: Apache-2.0
#include "egctl/top.h"

#include <unistd.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "egctl/json_text.h"
#include "egctl/live_state.h"
#include "egctl/live_text.h"
#include "egctl/top_screen.h"

namespace sluice::egctl {
namespace {

using Labels = LiveState::Labels;

constexpr std::string_view kRequests = "sluice_live_requests_seconds";
constexpr std::string_view kFilters = "sluice_filter_duration_seconds";
constexpr std::string_view kClear = "\x1b[H\x1b[2J";  // of a terminal
constexpr double kOutOfUse = 1e12;                    // such a backend comes before the busy ones

std::string rate_of(const LiveState& live, std::string_view family, const Labels& labels) {
  return short_number(live.get(family, labels, LiveState::rate));
}

// Of all figures of a family whose first label is `first`; "": of all.
double sum_of(const LiveState& live, std::string_view family, std::string_view first,
              LiveState::Column column = LiveState::value) {
  double sum = 0;
  for (const auto& [labels, values] : live.all(family)) {
    if (values.size() > column && (first.empty() || (!labels.empty() && labels[0] == first)))
      sum += values[column];
  }
  return sum;
}

// "ready", "the store writes", "objects 4", or "NOT READY", "THE STORE DOES NOT WRITE", "objects 4,
// 1 failed".
std::vector<std::string> state_parts(const LiveState& live) {
  const bool writes = live.get("sluice_store_healthy", {}) > 0;
  std::string objects = "objects " + short_number(sum_of(live, "sluice_objects", ""));
  for (const char* state : {"building", "failed"}) {
    const double count = live.get("sluice_objects", {state});
    if (count > 0) objects += ", " + short_number(count) + " " + state;
  }
  return {live.get("sluice_ready", {}) > 0 ? "ready" : "NOT READY",
          writes ? "the store writes" : "THE STORE DOES NOT WRITE", std::move(objects)};
}

std::string process_lines(const LiveState& live, std::size_t columns) {
  const Labels every{"", ""};
  const std::string p99 = short_duration(live.get(kRequests, every, LiveState::p99));
  const std::vector<std::string> traffic{
      time_of_day(live.time()) + " UTC",
      "requests " + rate_of(live, kRequests, every) + "/s",
      "4xx " + rate_of(live, kRequests, {"", "4xx"}) + "/s",
      "5xx " + rate_of(live, kRequests, {"", "5xx"}) + "/s",
      "p99 " + (p99.empty() ? "-" : p99),
      "connections " + short_number(sum_of(live, "sluice_server_connections", ""))};
  std::vector<std::string> process{
      "CPU " + short_number(live.get("process_cpu_seconds_total", {}, LiveState::rate) * 100) +
          " % of one core",
      "memory " + short_bytes(live.get("process_resident_memory_bytes", {}))};
  for (std::string& part : state_parts(live)) process.push_back(std::move(part));
  return wrapped_parts(traffic, columns) + wrapped_parts(process, columns);
}

TopTable server_rows(const LiveState& live) {
  TopTable table{
      .titles = {"SERVER", "REQ/S", "4XX/S", "5XX/S", "SHED/S", "REFUSED/S", "P50", "P99", "CONN"},
      .rows = {}};
  for (const auto& [labels, values] : live.all("sluice_server_connections")) {
    const std::string& name = labels[0];
    Row row{name,
            rate_of(live, kRequests, {name, ""}),
            rate_of(live, kRequests, {name, "4xx"}),
            rate_of(live, kRequests, {name, "5xx"}),
            rate_of(live, "sluice_server_shed_total", labels),
            short_number(sum_of(live, "sluice_server_refusals_total", name, LiveState::rate)),
            short_duration(live.get(kRequests, {name, ""}, LiveState::p50)),
            short_duration(live.get(kRequests, {name, ""}, LiveState::p99)),
            short_number(live.get("sluice_server_connections", labels))};
    table.rows.push_back({live.get(kRequests, {name, ""}, LiveState::rate), std::move(row)});
  }
  return table;
}

// "pipeline/filter"
std::string place_of(const Labels& labels) { return labels[0] + "/" + labels[1]; }

// A row for each filter and result.
TopTable filter_rows(const LiveState& live) {
  TopTable table{.titles = {"FILTER", "KIND", "RESULT", "REQ/S", "P50", "P99"}, .rows = {}};
  for (const auto& [labels, values] : live.all(kFilters)) {
    if (labels.size() < 4 || values.size() <= LiveState::p99) continue;
    table.rows.push_back(
        {values[LiveState::rate],
         {place_of(labels), labels[2], labels[3], short_number(values[LiveState::rate]),
          short_duration(values[LiveState::p50]), short_duration(values[LiveState::p99])}});
  }
  return table;
}

// "20 of 20, sold out"; "" without a limit.
std::string permits_text(const LiveState& live, const Labels& labels) {
  if (!live.all("sluice_data_limit_keys").contains(labels)) return "";
  return short_number(live.get("sluice_data_limit_used_keys", labels)) + " of " +
         short_number(live.get("sluice_data_limit_keys", labels)) +
         (is_sold_out(live, labels) ? ", sold out" : "");
}

TopTable guest_rows(const LiveState& live) {
  TopTable table{.titles = {"WASMHOST", "PERMITS GIVEN", "KEYS", "CONFLICT/S", "TIMEOUT/S",
                            "WAITING", "GUESTS", "LAG"},
                 .rows = {}};
  for (const auto& [labels, values] : live.all("sluice_data_keys")) {
    const auto now = [&](std::string_view family) {
      return short_number(live.get(family, labels));
    };
    Labels timeouts = labels;
    timeouts.emplace_back("timeout");
    Row row{place_of(labels),
            permits_text(live, labels),
            now("sluice_data_keys"),
            rate_of(live, "sluice_guest_conflicts_total", labels),
            rate_of(live, "sluice_guest_failures_total", timeouts),
            now("sluice_guests_waiting"),
            now("sluice_guests_alive"),
            short_duration(live.get("sluice_data_durable_lag_seconds", labels))};
    table.rows.push_back(
        {live.get("sluice_guest_requests_total", labels, LiveState::rate), std::move(row)});
  }
  return table;
}

TopTable backend_rows(const LiveState& live) {
  TopTable table{.titles = {"PROXY", "POOL", "BACKEND", "REQ/S", "FAIL/S", "IN FLIGHT", "STATE"},
                 .rows = {}};
  for (const auto& [labels, values] : live.all("sluice_backend_healthy")) {
    if (labels.size() < 4) continue;
    const bool healthy = live.get("sluice_backend_healthy", labels) > 0;
    const bool ejected = live.get("sluice_backend_ejected", labels) > 0;
    Row row{place_of(labels),
            labels[2],
            labels[3],
            rate_of(live, "sluice_backend_requests_total", labels),
            rate_of(live, "sluice_backend_failures_total", labels),
            short_number(live.get("sluice_backend_requests_in_flight", labels)),
            ejected   ? "ejected"
            : healthy ? "healthy"
                      : "unhealthy"};
    const double rate = live.get("sluice_backend_requests_total", labels, LiveState::rate);
    table.rows.push_back({rate + (ejected || !healthy ? kOutOfUse : 0), std::move(row)});
  }
  return table;
}

std::string picture_of(const Invocation& invocation, const LiveState& live,
                       const std::optional<TopScreen>& screen) {
  return fit_tables(invocation, process_lines(live, screen ? screen->columns : std::string::npos),
                    {server_rows(live), filter_rows(live), guest_rows(live), backend_rows(live)},
                    screen);
}

// The stream has the labels of a family as a text: "pipeline,filter".
void list_labels(Json& all) {
  const auto families = all.find("families");
  if (families == all.end() || !families->is_object()) return;
  for (Json& family : *families) {
    Json names = Json::array();
    std::istringstream text(text_at(family, "labels"));
    for (std::string name; std::getline(text, name, ',');) names.push_back(name);
    family["labels"] = std::move(names);
  }
}

Result<void> show_once(const Invocation& invocation) {
  SLUICE_TRY(const ApiClient client, invocation.client());
  SLUICE_TRY(Json all, read_next_live(invocation, client));
  LiveState live;
  live.take(all);
  list_labels(all);
  invocation.print_or(all, picture_of(invocation, live, std::nullopt));
  return {};
}

Result<void> show_always(Invocation& invocation) {
  if (invocation.format() != Output::standard) return invocation.misuse("-o wants --once");
  const bool terminal = ::isatty(STDOUT_FILENO) != 0;
  SLUICE_TRY(const ApiClient client, invocation.client());
  return follow_live(client, [&](const LiveState& live) {
    const std::string text = picture_of(invocation, live, top_screen());
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
