// SPDX-License-Identifier: Apache-2.0
#include "egctl/wasm_watch.h"

#include <algorithm>
#include <array>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "egctl/live_state.h"
#include "egctl/live_text.h"
#include "egctl/top_screen.h"

namespace sluice::egctl {
namespace {

using Labels = LiveState::Labels;

struct Watched {
  std::string pipeline;
  std::string filter;
  bool once = false;
  bool seen = false;
  int missed = 0;         // samples without the filter
  std::size_t lines = 0;  // since the last titles
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
  bool spare = false;  // left out on a narrow terminal
};
constexpr std::array kWatched{
    WatchedFigure{"requestsPerSecond", "REQ/S", "sluice_guest_requests_total", LiveState::rate},
    WatchedFigure{"permitsGiven", "GIVEN", "sluice_data_limit_used_keys", LiveState::value},
    WatchedFigure{"limit", "LIMIT", "sluice_data_limit_keys", LiveState::value},
    WatchedFigure{"keys", "KEYS", "sluice_data_keys", LiveState::value, true},
    WatchedFigure{"conflictsPerSecond", "CONFLICTS/S", "sluice_guest_conflicts_total",
                  LiveState::rate},
    WatchedFigure{"waiting", "WAITING", "sluice_guests_waiting", LiveState::value},
    WatchedFigure{"guests", "GUESTS", "sluice_guests_alive", LiveState::value, true}};
constexpr std::size_t kWideFrom = 120;  // columns

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

// What keeps the filter from giving permits: "" if nothing does.
std::string why_closed(const LiveState& live, const Labels& place) {
  if (live.all("sluice_store_healthy").contains({}) && live.get("sluice_store_healthy", {}) == 0)
    return "the store does not write";
  return is_sold_out(live, place) ? "sold out" : "";
}

// "open", "sold out", "STORE DOES NOT WRITE", or "" without a limit.
std::string sale_text(const LiveState& live, const Labels& place) {
  const std::string why = why_closed(live, place);
  if (!why.empty()) return why == "sold out" ? why : "STORE DOES NOT WRITE";
  return live.all("sluice_data_limit_keys").contains(place) ? "open" : "";
}

Row line_of(const LiveState& live, const Labels& place, bool wide = true) {
  Row row{time_of_day(live.time())};
  for (const WatchedFigure& figure : kWatched) {
    if (figure.spare && !wide) continue;
    const bool there = live.all(figure.family).contains(place) || figure.column == LiveState::rate;
    row.push_back(there ? short_number(live.get(figure.family, place, figure.column)) : "");
  }
  row.push_back(sale_text(live, place));
  row.push_back(results_text(results_of(live, place)));
  return row;
}

Row titles(bool wide = true) {
  Row row{"UTC"};
  for (const WatchedFigure& figure : kWatched) {
    if (wide || !figure.spare) row.emplace_back(figure.title);
  }
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
    SLUICE_TRY(const Json all, read_next_live(invocation, client));
    live = {};
    live.take(all);
    if (runs(live, place)) break;
    if (sample == kSamplesAwaited) return not_there(live, watched);
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
  const std::string why = why_closed(live, place);
  figures["open"] = why.empty();
  if (!why.empty()) figures["reason"] = why;
  invocation.print_or(figures, invocation.table({titles(), line_of(live, place)}));
  return {};
}

// Cells of a fixed width: later lines keep the columns of the first.
std::string spread(const Row& row, const std::optional<TopScreen>& screen) {
  const std::size_t width = !screen || screen->columns >= kWideFrom ? 12 : 8;
  std::string text;
  for (const std::string& cell : row) {
    const std::string& shown = cell.empty() ? "-" : cell;
    const bool time = &cell == &row.front();
    const std::size_t its = std::max<std::size_t>(width, time ? 10 : 0);
    text += shown;
    if (&cell != &row.back()) text += std::string(its - std::min(its - 1, shown.size()), ' ');
  }
  return (screen ? cut_line(text, screen->columns) : text) + "\n";
}

// The titles come again where those before have left the terminal.
std::string next_lines(const Invocation& invocation, const LiveState& live, const Labels& place,
                       Watched& watched) {
  const auto screen = top_screen();
  const bool wide = !screen || screen->columns >= kWideFrom;
  const bool titled = !watched.seen || (screen && watched.lines + 2 >= screen->rows);
  if (titled) watched.lines = 0;
  ++watched.lines;
  const bool shown = titled && !invocation.no_headers;
  return (shown ? spread(titles(wide), screen) : "") + spread(line_of(live, place, wide), screen);
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
    const std::string text = next_lines(invocation, live, place, watched);
    watched.seen = true;
    return write_to(invocation.out)(text);
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
