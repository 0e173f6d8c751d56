// SPDX-License-Identifier: Apache-2.0
import { Chart, Charts } from "./chart.js";
import { el, Table } from "./dom.js";
import { duration, number, rate } from "./format.js";
import { live } from "./live.js";

const kBreaker = { 0: "closed", 0.5: "half open", 1: "open" };

export class Backends {
  static title = "Backends";
  constructor() {
    const figure = (name, column = 0) => (row) => live.get(name, row.labels, column);
    const place = [
      { title: "Pipeline", text: (row) => row.labels[0] },
      { title: "Filter", text: (row) => row.labels[1] },
      { title: "Pool", text: (row) => row.labels[2] },
    ];
    this.backends = new Table("Backends", [
      { title: "Backend", text: (row) => row.labels[3] },
      { title: "State", text: stateOf, state: (row) => (stateOf(row) === "healthy" ? "good" : "bad") },
      { title: "Tries", number: true, text: (row) => rate(figure("sluice_backend_requests_total", 1)(row)) },
      { title: "Failures", number: true, text: (row) => rate(figure("sluice_backend_failures_total", 1)(row)), state: (row) => (figure("sluice_backend_failures_total", 1)(row) > 0 ? "bad" : "") },
      { title: "Abandoned", number: true, text: (row) => rate(figure("sluice_backend_abandoned_total", 1)(row)) },
      { title: "In flight", number: true, text: (row) => number(figure("sluice_backend_requests_in_flight")(row)) },
      { title: "Waiting", number: true, text: (row) => number(figure("sluice_backend_queued_requests")(row)) },
      { title: "Connections", number: true, text: (row) => number(figure("sluice_backend_connections")(row)) },
      ...place,
    ]);
    this.pools = new Table("Pools", [
      { title: "Pool", text: (row) => row.labels.join(" / ") },
      { title: "Exchanges", number: true, text: (row) => rate(row.values[1]) },
      { title: "Median", number: true, text: (row) => duration(row.values[3]) },
      { title: "99 %", number: true, text: (row) => duration(row.values[4]) },
      { title: "Errors", number: true, text: (row) => rate(figure("sluice_pool_errors_total", 1)(row)) },
      { title: "Retries", number: true, text: (row) => rate(figure("sluice_pool_retries_total", 1)(row)) },
      { title: "Retries left", number: true, text: (row) => (live.has("sluice_pool_retry_budget", row.labels) ? number(figure("sluice_pool_retry_budget")(row)) : "") },
      {
        title: "Circuit breaker", text: (row) => (live.has("sluice_pool_breaker_open", row.labels) ? kBreaker[figure("sluice_pool_breaker_open")(row)] : ""),
        state: (row) => (figure("sluice_pool_breaker_open")(row) === 1 ? "bad" : ""),
      },
    ]);
    const curves = (family) => () => live.rows("sluice_backend_healthy").map(({ labels }) => ({ label: labels[3], family, labels }));
    this.charts = new Charts(
      new Chart("Tries by backend", curves("sluice_backend_requests_total"), rate),
      new Chart("Failures by backend", curves("sluice_backend_failures_total"), rate));
    this.element = el("div", {}, this.backends.element, this.pools.element, this.charts.element);
  }
  update() {
    const keyed = (name) => live.rows(name).map((row) => ({ ...row, key: JSON.stringify(row.labels) }));
    this.backends.update(keyed("sluice_backend_healthy"));
    this.pools.update(keyed("sluice_pool_duration_seconds"));
    this.charts.update();
  }
  end() {
    this.charts.end();
  }
}

function stateOf(row) {
  if (live.get("sluice_backend_ejected", row.labels) > 0) return "ejected";
  return row.values[0] > 0 ? "healthy" : "unhealthy";
}
