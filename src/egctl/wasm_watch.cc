// SPDX-License-Identifier: Apache-2.0
#include "egctl/wasm_watch.h"

#include <array>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "egctl/live_state.h"
#include "egctl/live_text.h"

namespace sluice::egctl {
namespace {

using Labels = LiveState::Labels;

struct Watched {
  std::string pipeline;
  std::string filter;
  bool once = false;
  bool seen = false;
  int missed = 0;  // samples without the filter
};

// A filter that has just been applied is in the next sample.
constexpr int kSamplesAwaited = 3;

constexpr std::string_view kRuns = "sluice_filter_duration_seconds";
// Of a gauge its value, of a counter its rate.
struct WatchedFigure {
  const char* key;
  const char* title;
  std::string_view family;
  LiveState::Column column;
};
constexpr std::array kWatched{
    WatchedFigure{"requestsPerSecond", "REQ/S", "sluice_guest_requests_total", LiveState::rate},
    WatchedFigure{"permitsGiven", "GIVEN", "sluice_data_limit_used_keys", LiveState::value},
    WatchedFigure{"limit", "LIMIT", "sluice_data_limit_keys", LiveState::value},
    WatchedFigure{"keys", "KEYS", "sluice_data_keys", LiveState::value},
    WatchedFigure{"conflictsPerSecond", "CONFLICTS/S", "sluice_guest_conflicts_total",
                  LiveState::rate},
    WatchedFigure{"waiting", "WAITING", "sluice_guests_waiting", LiveState::value},
    WatchedFigure{"guests", "GUESTS", "sluice_guests_alive", LiveState::value}};

bool runs(const LiveState& live, const Labels& place) {
  return live.all("sluice_guests_alive").contains(place);
}

// {result: rate} of the results that the filter has had.
Json results_of(const LiveState& live, const Labels& place) {
  Json results = Json::object();
  for (const auto& [labels, values] : live.all(kRuns)) {
    if (labels.size() == 4 && labels[0] == place[0] && labels[1] == place[1] && values.size() > 1)
      results[labels[3]] = values[LiveState::rate];
  }
  return results;
}

std::string results_text(const Json& results) {
  std::string text;
  for (const auto& [result, rate] : results.items()) {
    if (rate.get<double>() == 0) continue;
    text += (text.empty() ? "" : " ") + result + "=" + short_number(rate.get<double>());
  }
  return text;
}

Row line_of(const LiveState& live, const Labels& place) {
  Row row{time_of_day(live.time())};
  for (const WatchedFigure& figure : kWatched) {
    const bool there = live.all(figure.family).contains(place) || figure.column == LiveState::rate;
    row.push_back(there ? short_number(live.get(figure.family, place, figure.column)) : "");
  }
  row.emplace_back(!live.all("sluice_data_limit_keys").contains(place) ? ""
                   : is_sold_out(live, place)                          ? "sold out"
                                                                       : "open");
  row.push_back(results_text(results_of(live, place)));
  return row;
}

Row titles() {
  Row row{"UTC"};
  for (const WatchedFigure& figure : kWatched) row.emplace_back(figure.title);
  row.emplace_back("SALE");
  row.emplace_back("RESULTS/S");
  return row;
}

// Names the WasmHost filters that run.
std::unexpected<Error> not_there(const LiveState& live, const Watched& watched) {
  std::string text = "pipeline " + watched.pipeline + " runs no WasmHost filter " + watched.filter;
  std::string others;
  for (const auto& [labels, values] : live.all("sluice_guests_alive"))
    others += (others.empty() ? "" : ", ") + labels[0] + " " + labels[1];
  text += others.empty() ? "; no pipeline runs one" : "; there are: " + others;
  return fail(ErrorKind::not_found, std::move(text));
}

Result<void> show_filter_once(const Invocation& invocation, const Watched& watched) {
  SLUICE_TRY(const ApiClient client, invocation.client());
  const Labels place{watched.pipeline, watched.filter};
  LiveState live;
  for (int sample = 1;; ++sample) {
    SLUICE_TRY(const Json all, read_live(client));
    live.take(all);
    if (runs(live, place)) break;
    if (sample == kSamplesAwaited) return not_there(live, watched);
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
  Json figures = {{"pipeline", watched.pipeline},
                  {"filter", watched.filter},
                  {"time", live.time()},
                  {"resultsPerSecond", results_of(live, place)}};
  for (const WatchedFigure& figure : kWatched) {
    if (live.all(figure.family).contains(place) || figure.column == LiveState::rate)
      figures[figure.key] = live.get(figure.family, place, figure.column);
  }
  if (figures.contains("limit")) figures["soldOut"] = is_sold_out(live, place);
  invocation.print_or(figures, invocation.table({titles(), line_of(live, place)}));
  return {};
}

// Cells of a fixed width: later lines keep the columns of the first.
std::string spread(const Row& row) {
  constexpr std::size_t kWidth = 12;
  std::string text;
  for (const std::string& cell : row) {
    text += cell.empty() ? "-" : cell;
    if (&cell != &row.back()) text += std::string(kWidth - std::min(kWidth - 1, cell.size()), ' ');
  }
  return text + "\n";
}

Result<void> watch_filter(Invocation& invocation, Watched& watched) {
  if (invocation.format() != Output::standard) return invocation.misuse("-o wants --once");
  SLUICE_TRY(const ApiClient client, invocation.client());
  const Labels place{watched.pipeline, watched.filter};
  return follow_live(client, [&](const LiveState& live) -> Result<void> {
    if (!runs(live, place)) {
      if (watched.seen || ++watched.missed == kSamplesAwaited) return not_there(live, watched);
      return {};
    }
    std::string text = watched.seen || invocation.no_headers ? "" : spread(titles());
    watched.seen = true;
    return write_to(invocation.out)(text + spread(line_of(live, place)));
  });
}

}  // namespace

void add_wasm_watch(Command wasm, Invocation& invocation) {
  const Command watch =
      wasm.add("watch", "Permits, requests and results of a filter, line by line");
  const auto watched = std::make_shared<Watched>();
  watch.option("PIPELINE", watched->pipeline, "name of the pipeline").required();
  watch.option("FILTER", watched->filter, "name of its WasmHost filter").required();
  watch.flag("--once", watched->once, "print one line");
  set_action(watch, invocation, [watched](Invocation& s) {
    return watched->once ? show_filter_once(s, *watched) : watch_filter(s, *watched);
  });
}

}  // namespace sluice::egctl
