// SPDX-License-Identifier: Apache-2.0
import { Chart, Charts } from "./chart.js";
import { el, setText } from "./dom.js";
import { bytes, duration, number, percent, rate } from "./format.js";
import { live } from "./live.js";

const kRequests = "sluice_live_requests_seconds";
const kClasses = ["2xx", "3xx", "4xx", "5xx"];
const kColours = { "2xx": 3, "3xx": 1, "4xx": 2, "5xx": 5 };
const sum = (name, column = 0) => live.rows(name).reduce((all, row) => all + (row.values[column] ?? 0), 0);

// The figures that one looks at first.
const kTiles = [
  ["Requests", () => rate(live.get(kRequests, ["", ""], 1))],
  ["Client errors (4xx)", () => rate(live.get(kRequests, ["", "4xx"], 1))],
  ["Server errors (5xx)", () => rate(live.get(kRequests, ["", "5xx"], 1))],
  ["Median", () => duration(live.get(kRequests, ["", ""], 3)) || "–"],
  ["99th percentile", () => duration(live.get(kRequests, ["", ""], 4)) || "–"],
  ["Connections", () => number(sum("sluice_server_connections"))],
  ["CPU, of one core", () => percent(live.get("process_cpu_seconds_total", [], 1))],
  ["Memory", () => bytes(live.get("process_resident_memory_bytes", []))],
  ["Requests in all", () => number(live.get(kRequests, ["", ""], 0))],
];

export class Overview {
  static title = "Overview";
  constructor() {
    this.values = kTiles.map(() => el("dd"));
    const tiles = el("dl", { class: "tiles" }, kTiles.map(([title], i) => el("div", {}, el("dt", {}, title), this.values[i])));
    const byClass = (classes) => () => classes.map((its) => ({ label: its, family: kRequests, labels: ["", its], colour: kColours[its] }));
    const ofServers = (family) => () => live.rows(family).map(({ labels }) => ({ label: labels[0], family, labels }));
    this.charts = new Charts(
      new Chart("Traffic", () => [{ label: "requests", family: kRequests, labels: ["", ""] }], rate),
      new Chart("Outcomes", byClass(kClasses), rate),
      new Chart("Latency", () => [
        { label: "median", family: kRequests, labels: ["", ""], column: 1 },
        { label: "99th percentile", family: kRequests, labels: ["", ""], column: 2 },
      ], (value) => duration(value) || "0"),
      new Chart("Errors", byClass(["4xx", "5xx"]), rate),
      new Chart("Connections", ofServers("sluice_server_connections"), number),
      new Chart("Memory", () => [
        { label: "resident", family: "process_resident_memory_bytes", labels: [] },
        { label: "leased of the budget", family: "sluice_memory_leased_bytes", labels: [] },
      ], bytes));
    this.element = el("div", {}, tiles, this.charts.element);
  }
  update() {
    kTiles.forEach(([, text], i) => setText(this.values[i], text()));
    this.charts.update();
  }
  end() {
    this.charts.end();
  }
}
