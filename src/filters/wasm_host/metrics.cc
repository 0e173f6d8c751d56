// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/metrics.h"

#include <algorithm>
#include <array>

#include "base/time.h"

namespace sluice::filters {
namespace {

using observe::MetricFamily;
using observe::MetricType;
using Place = pipeline::FilterPlace;

constexpr std::string_view kFilterLabels = "pipeline,filter";

// Indices of kWasmFamilies.
struct WasmFigure {
  enum Index : std::size_t {
    requests,
    failures,
    commits,
    conflicts,
    reruns,
    queue_turns,
    limit_reached,
    handed_over,
    run_for_others,
    confirmed_reads,
    replaced,
    waiting,
    waiting_max,
    wait,
    alive,
    guests_max,
    code,
    code_differs,
    keys,
    limit,
    limit_used,
    sealed,
    readable,
    owned,
    lag_commits,
    lag_seconds,
    questions
  };
};
constexpr std::array kWasmFamilies{
    MetricFamily{"sluice_guest_requests_total", MetricType::counter,
                 "Requests that came to the filter.", "", kFilterLabels},
    MetricFamily{
        "sluice_guest_failures_total", MetricType::counter,
        "Requests that failed, by cause: error (a trap, or a wrong call), store (shared data "
        "was not written, or not in time), timeout, or outOfVM.",
        "", "pipeline,filter,cause"},
    MetricFamily{"sluice_guest_commits_total", MetricType::counter,
                 "Transactions of guests, by kind: written, or readOnly.", "",
                 "pipeline,filter,kind"},
    MetricFamily{"sluice_guest_conflicts_total", MetricType::counter,
                 "Runs whose reads another run has changed.", "", kFilterLabels},
    MetricFamily{"sluice_guest_reruns_total", MetricType::counter,
                 "Runs repeated after a conflict or a loss.", "", kFilterLabels},
    MetricFamily{"sluice_guest_queue_turns_total", MetricType::counter,
                 "Runs that waited for their turn after conflicts.", "", kFilterLabels},
    MetricFamily{"sluice_guest_limit_reached_total", MetricType::counter,
                 "Runs that met the limit of the keys (limit).", "", kFilterLabels},
    MetricFamily{"sluice_guest_handed_over_total", MetricType::counter,
                 "Requests handed over to the owner of the data.", "", kFilterLabels},
    MetricFamily{"sluice_guest_run_for_others_total", MetricType::counter,
                 "Requests run here for other members.", "", kFilterLabels},
    MetricFamily{"sluice_guest_confirmed_reads_total", MetricType::counter,
                 "Runs without writes that waited for a confirmation.", "", kFilterLabels},
    MetricFamily{"sluice_guests_replaced_total", MetricType::counter,
                 "Guests replaced after a failure.", "", kFilterLabels},
    MetricFamily{"sluice_guests_waiting", MetricType::gauge, "Requests that wait for a guest.", "",
                 kFilterLabels},
    MetricFamily{
        "sluice_guests_waiting_max", MetricType::gauge,
        "The limit of the requests that wait for a guest (maxWaiting, shared by the cores).", "",
        kFilterLabels},
    MetricFamily{"sluice_guest_wait_seconds", MetricType::histogram,
                 "Requests that had to wait for a guest, and the times that they waited.",
                 "seconds", kFilterLabels},
    MetricFamily{"sluice_guests_alive", MetricType::gauge, "Guests.", "", kFilterLabels},
    MetricFamily{"sluice_guests_max", MetricType::gauge,
                 "The limit of the guests (maxConcurrency, at least one for each core).", "",
                 kFilterLabels},
    MetricFamily{"sluice_guest_code_info", MetricType::gauge,
                 "1; the labels tell the code that runs: the first 12 digits of its SHA-256, and "
                 "its source, "
                 "spec or upload.",
                 "", "pipeline,filter,sha256,source"},
    MetricFamily{"sluice_guest_code_differs", MetricType::gauge,
                 "1: the file of the code holds other code than that which runs, or cannot be "
                 "read. A URL is not asked, and an upload differs on purpose.",
                 "", kFilterLabels},
    MetricFamily{"sluice_data_keys", MetricType::gauge, "Keys of shared data.", "", kFilterLabels},
    MetricFamily{"sluice_data_limit_keys", MetricType::gauge,
                 "The limit of the keys, if there is one.", "", kFilterLabels},
    MetricFamily{"sluice_data_limit_used_keys", MetricType::gauge,
                 "Keys that count towards the limit: the permits given.", "", kFilterLabels},
    MetricFamily{"sluice_data_sealed", MetricType::gauge,
                 "1: the data is sealed, because the limit is used up.", "", kFilterLabels},
    MetricFamily{"sluice_data_readable", MetricType::gauge,
                 "1: this member reads the data; 0: it can neither own nor follow it.", "",
                 kFilterLabels},
    MetricFamily{"sluice_data_owned", MetricType::gauge, "1: this member owns the data.", "",
                 kFilterLabels},
    MetricFamily{"sluice_data_durable_lag_commits", MetricType::gauge,
                 "Commits that are not durable yet.", "", kFilterLabels},
    MetricFamily{"sluice_data_durable_lag_seconds", MetricType::gauge,
                 "Age of the oldest commit that is not durable.", "seconds", kFilterLabels},
    MetricFamily{"sluice_data_questions_total", MetricType::counter,
                 "Questions for the newest version, to the owner or to etcd.", "", kFilterLabels}};

struct CellFigure {
  WasmFigure::Index family;
  observe::Cell WasmCounters::*cell;
};
constexpr std::array kCells{CellFigure{WasmFigure::requests, &WasmCounters::requests},
                            CellFigure{WasmFigure::conflicts, &WasmCounters::conflicts},
                            CellFigure{WasmFigure::reruns, &WasmCounters::reruns},
                            CellFigure{WasmFigure::queue_turns, &WasmCounters::queue_turns},
                            CellFigure{WasmFigure::limit_reached, &WasmCounters::limit_reached},
                            CellFigure{WasmFigure::handed_over, &WasmCounters::handed_over},
                            CellFigure{WasmFigure::run_for_others, &WasmCounters::run_for_others},
                            CellFigure{WasmFigure::confirmed_reads, &WasmCounters::confirmed_reads},
                            CellFigure{WasmFigure::replaced, &WasmCounters::vms_replaced},
                            CellFigure{WasmFigure::waiting, &WasmCounters::waiting},
                            CellFigure{WasmFigure::alive, &WasmCounters::vms}};

}  // namespace

observe::MetricFamilies wasm_metric_families() { return kWasmFamilies; }

void expose_guests(const WasmStatistics& statistics, const GuestBounds& bounds, const Place& place,
                   observe::Exposition& out) {
  const observe::PerCore<WasmCounters>& counters = statistics.counters;
  const auto sum = [&counters](observe::Cell WasmCounters::*cell) {
    return static_cast<double>(counters.sum(cell));
  };
  const auto by = [&](WasmFigure::Index family, std::string_view label, double value) {
    out.sample(kWasmFamilies[family], {place.pipeline, place.filter, label}, value);
  };
  for (const CellFigure& figure : kCells)
    out.sample(kWasmFamilies[figure.family], {place.pipeline, place.filter}, sum(figure.cell));
  out.sample(kWasmFamilies[WasmFigure::guests_max], {place.pipeline, place.filter},
             bounds.guests_max);
  out.sample(kWasmFamilies[WasmFigure::waiting_max], {place.pipeline, place.filter},
             bounds.waiting_max);
  out.histogram(kWasmFamilies[WasmFigure::wait], {place.pipeline, place.filter},
                statistics.guest_waits.sum(0));
  // A timeout or a failure of the store counts as an error of the guest, too; the cores go on
  // between the sums.
  const double timeouts = sum(&WasmCounters::timeouts);
  const double store = sum(&WasmCounters::store_failures);
  by(WasmFigure::failures, "error",
     std::max(0.0, sum(&WasmCounters::wasm_errors) - timeouts - store));
  by(WasmFigure::failures, "store", store);
  by(WasmFigure::failures, "timeout", timeouts);
  by(WasmFigure::failures, "outOfVM", sum(&WasmCounters::out_of_vm));
  by(WasmFigure::commits, "written", sum(&WasmCounters::written));
  by(WasmFigure::commits, "readOnly", sum(&WasmCounters::read_only));
}

void expose_code(const RunningCode& code, const Place& place, observe::Exposition& out) {
  constexpr std::size_t kHashDigits = 12;
  const std::string_view source = code.is_uploaded() ? "upload" : "spec";
  out.sample(kWasmFamilies[WasmFigure::code],
             {place.pipeline, place.filter, std::string_view(code.sha256()).substr(0, kHashDigits),
              source},
             1);
  out.sample(kWasmFamilies[WasmFigure::code_differs], {place.pipeline, place.filter},
             code.note().empty() ? 0 : 1);
}

void expose_data(const store::NamespaceStatus& data, const Place& place, observe::Exposition& out) {
  const auto add = [&](WasmFigure::Index family, double value) {
    out.sample(kWasmFamilies[family], {place.pipeline, place.filter}, value);
  };
  add(WasmFigure::keys, static_cast<double>(data.keys));
  add(WasmFigure::readable, data.trouble.empty() ? 1 : 0);
  add(WasmFigure::owned, data.owned ? 1 : 0);
  add(WasmFigure::lag_commits,
      static_cast<double>(data.committed - std::min(data.committed, data.durable)));
  add(WasmFigure::lag_seconds, std::chrono::duration<double>(data.durable_lag).count());
  add(WasmFigure::questions, static_cast<double>(data.questions));
  if (!data.limit) return;
  add(WasmFigure::limit, static_cast<double>(data.limit->state.limit.max));
  add(WasmFigure::limit_used, static_cast<double>(data.limit->used));
  add(WasmFigure::sealed, data.limit->state.sealed ? 1 : 0);
}

}  // namespace sluice::filters
