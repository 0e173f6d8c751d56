// SPDX-License-Identifier: Apache-2.0
import { Chart, Charts } from "./chart.js";
import { el, Table } from "./dom.js";
import { bytes, duration, number, rate } from "./format.js";
import { live } from "./live.js";

const kRequests = "sluice_live_requests_seconds";
const kRoutes = "http_server_request_duration_seconds";
const ofServer = (column, status = "") => (row) => live.get(kRequests, [row.key, status], column);

const connections = (row) => live.get("sluice_server_connections", [row.key]);
const connectionsMax = (row) => live.get("sluice_server_connections_max", [row.key]);

// The rows of a route are its classes of status; its quantile is that of the slowest class.
function routes() {
  const all = new Map();
  for (const { labels, values } of live.rows(kRoutes)) {
    const [server, route, pipeline, status] = labels;
    const key = JSON.stringify([server, route, pipeline]);
    if (!all.has(key)) all.set(key, { key, server, route, pipeline, count: 0, rate: 0, p50: 0, p99: 0, classes: {} });
    const its = all.get(key);
    its.count += values[0];
    its.rate += values[1];
    its.p50 = Math.max(its.p50, values[3] ?? 0);
    its.p99 = Math.max(its.p99, values[4] ?? 0);
    its.classes[status] = values[1];
  }
  return [...all.values()].sort((a, b) => b.rate - a.rate || b.count - a.count);
}

export class Servers {
  static title = "Servers and routes";
  constructor() {
    this.servers = new Table("Servers", [
      { title: "Server", text: (row) => row.key },
      { title: "Listens", text: (row) => (row.up ? "yes" : "no"), state: (row) => (row.up ? "good" : "bad") },
      { title: "Requests", number: true, text: (row) => rate(ofServer(1)(row)) },
      { title: "4xx", number: true, text: (row) => rate(ofServer(1, "4xx")(row)) },
      { title: "5xx", number: true, text: (row) => rate(ofServer(1, "5xx")(row)), state: (row) => (ofServer(1, "5xx")(row) > 0 ? "bad" : "") },
      { title: "Median", number: true, text: (row) => duration(ofServer(3)(row)) },
      { title: "99 %", number: true, text: (row) => duration(ofServer(4)(row)) },
      { title: "Connections", number: true, text: (row) => `${number(connections(row))} of ${number(connectionsMax(row))}`, state: (row) => (connections(row) >= connectionsMax(row) ? "bad" : "") },
      { title: "In", number: true, text: (row) => `${bytes(live.get("sluice_server_received_bytes_total", [row.key], 1))}/s` },
      { title: "Out", number: true, text: (row) => `${bytes(live.get("sluice_server_sent_bytes_total", [row.key], 1))}/s` },
      { title: "Shed", number: true, text: (row) => rate(live.get("sluice_server_shed_total", [row.key], 1)) },
    ]);
    this.refusals = new Table("Refusals by limit", [
      { title: "Server", text: (row) => row.labels[0] },
      { title: "Limit", text: (row) => row.labels[1] },
      { title: "Now", number: true, text: (row) => rate(row.values[1]) },
      { title: "Since the start", number: true, text: (row) => number(row.values[0]) },
    ]);
    this.routes = new Table("Routes", [
      { title: "Route", text: (row) => row.route },
      { title: "Server", text: (row) => row.server },
      { title: "Pipeline", text: (row) => row.pipeline },
      { title: "Requests", number: true, text: (row) => rate(row.rate) },
      { title: "4xx", number: true, text: (row) => rate(row.classes["4xx"]) },
      { title: "5xx", number: true, text: (row) => rate(row.classes["5xx"]) },
      { title: "Median", number: true, text: (row) => duration(row.p50) },
      { title: "99 %", number: true, text: (row) => duration(row.p99) },
      { title: "Since the start", number: true, text: (row) => number(row.count) },
    ]);
    const names = () => live.rows("sluice_server_connections").map(({ labels }) => labels[0]);
    this.charts = new Charts(
      new Chart("Requests by server", () => names().map((name) => ({ label: name, family: kRequests, labels: [name, ""] })), rate),
      new Chart("99th percentile by server", () => names().map((name) => ({ label: name, family: kRequests, labels: [name, ""], column: 2 })), (value) => duration(value) || "0"));
    this.element = el("div", {}, this.servers.element, this.charts.element, this.routes.element, this.refusals.element);
  }
  update() {
    this.servers.update(live.rows("sluice_server_up").map(({ labels, values }) => ({ key: labels[0], up: values[0] > 0 })));
    this.routes.update(routes());
    this.refusals.update(live.rows("sluice_server_refusals_total").map((row) => ({ ...row, key: JSON.stringify(row.labels) })));
    this.charts.update();
  }
  end() {
    this.charts.end();
  }
}
