// SPDX-License-Identifier: Apache-2.0
import { Chart, Charts } from "./chart.js";
import { el, setText, Tiles } from "./dom.js";
import { bytes, duration, number, percent, rate } from "./format.js";
import { live } from "./live.js";

const kRequests = "sluice_live_requests_seconds";
const kClasses = ["2xx", "3xx", "4xx", "5xx"];
const kColours = { "2xx": 3, "3xx": 1, "4xx": 7, "5xx": 8 };
const kSalesShown = 12;
const sum = (name, column = 0) => live.rows(name).reduce((all, row) => all + (row.values[column] ?? 0), 0);

const isZero = (name) => live.get(name, []) === 0;
const backends = () => live.rows("sluice_backend_healthy");
const isIn = ({ labels, values }) => values[0] > 0 && live.get("sluice_backend_ejected", labels) === 0;

// The figures that one looks at first.
const kTiles = [
  { title: "Member", text: () => (isZero("sluice_ready") ? "NOT READY" : "ready"), bad: () => isZero("sluice_ready") },
  { title: "Store", text: () => (isZero("sluice_store_healthy") ? "DOES NOT WRITE" : "writes"), bad: () => isZero("sluice_store_healthy") },
  { title: "Backends in use", text: () => (backends().length ? `${backends().filter(isIn).length} of ${backends().length}` : ""), bad: () => !backends().every(isIn) },
  { title: "Requests", text: () => rate(live.get(kRequests, ["", ""], 1)) },
  { title: "Answers 4xx", text: () => rate(live.get(kRequests, ["", "4xx"], 1)) },
  { title: "Errors (5xx)", text: () => rate(live.get(kRequests, ["", "5xx"], 1)), bad: () => live.get(kRequests, ["", "5xx"], 1) > 0 },
  { title: "Median", text: () => duration(live.get(kRequests, ["", ""], 3)) },
  { title: "99th percentile", text: () => duration(live.get(kRequests, ["", ""], 4)) },
  { title: "Connections", text: () => number(sum("sluice_server_connections")) },
  { title: "CPU, of one core", text: () => percent(live.get("process_cpu_seconds_total", [], 1)) },
  { title: "Memory", text: () => bytes(live.get("process_resident_memory_bytes", [])) },
  { title: "Requests in all", text: () => number(live.get(kRequests, ["", ""], 0)) },
];

// A tile for each filter with a limit.
class Sales {
  constructor() {
    this.shown = "";
    this.values = [];
    this.list = el("dl", { class: "tiles sales" });
    this.more = el("p", { class: "soft" });
    this.element = el("div", {}, this.list, this.more);
  }
  update() {
    const all = live.rows("sluice_data_limit_keys");
    const sales = all.slice(0, kSalesShown);
    const shown = JSON.stringify(sales.map(({ labels }) => labels));
    if (shown !== this.shown) this.make(sales);
    this.shown = shown;
    sales.forEach(({ labels, values: [limit] }, i) => {
      const used = live.get("sluice_data_limit_used_keys", labels);
      const { permits, soldOut } = this.values[i];
      setText(permits, `${number(used)} of ${number(limit)} permits`);
      setText(soldOut, used >= limit ? "sold out" : "");
      soldOut.hidden = used < limit;
    });
    this.element.hidden = all.length === 0;
    setText(this.more, all.length > kSalesShown ? `and ${all.length - kSalesShown} more on the page Wasm` : "");
  }
  make(sales) {
    this.values = sales.map(() => ({ permits: el("span"), soldOut: el("strong", { class: "badge" }) }));
    this.list.replaceChildren(...sales.map(({ labels }, i) => el("div", {}, el("dt", {}, labels.join("/")), el("dd", {}, this.values[i].permits, " ", this.values[i].soldOut))));
  }
}

export class Overview {
  static title = "Overview";
  constructor() {
    this.sales = new Sales();
    this.tiles = new Tiles(kTiles);
    const byClass = (classes) => () => classes.map((its) => ({ label: its, family: kRequests, labels: ["", its], colour: kColours[its] }));
    const ofServers = (family) => () => live.rows(family).map(({ labels }) => ({ label: labels[0], family, labels }));
    this.charts = new Charts(
      new Chart("Traffic", () => [{ label: "requests", family: kRequests, labels: ["", ""] }], rate),
      new Chart("Answers by class", byClass(kClasses), rate),
      new Chart("Errors (5xx)", byClass(["5xx"]), rate),
      new Chart("Answers 4xx", byClass(["4xx"]), rate),
      new Chart("Latency", () => [
        { label: "median", family: kRequests, labels: ["", ""], column: 1 },
        { label: "99th percentile", family: kRequests, labels: ["", ""], column: 2 },
      ], (value) => duration(value) || "0"),
      new Chart("Connections", ofServers("sluice_server_connections"), number),
      new Chart("Memory", () => [
        { label: "resident", family: "process_resident_memory_bytes", labels: [] },
        { label: "leased of the budget", family: "sluice_memory_leased_bytes", labels: [] },
      ], bytes));
    this.element = el("div", {}, this.sales.element, this.tiles.element, this.charts.element);
  }
  update() {
    this.sales.update();
    this.tiles.update(live.time > 0);
    this.charts.update();
  }
  end() {
    this.charts.end();
  }
}
