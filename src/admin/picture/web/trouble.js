// SPDX-License-Identifier: Apache-2.0
// What is wrong now, and the page to look at. A new rule is a new entry of kRules.

import { number } from "./format.js";
import { live } from "./live.js";

const kWindow = 10_000; // ms: rates are means of it
const kFewest = 3; // events of the window: fewer are no trouble
const kStart = 10_000; // ms that a member may take to create its objects, or to find the owner of its data

// The rates that rules ask for.
const kRates = ["sluice_live_requests_seconds", "sluice_server_shed_total", "sluice_guest_requests_total",
  "sluice_guest_run_for_others_total", "sluice_guest_failures_total", "sluice_plugin_requests_total",
  "sluice_plugin_failures_total", "sluice_backend_requests_total", "sluice_backend_failures_total",
  "sluice_backend_abandoned_total"];
const kCauses = { error: "trap or make a wrong call", timeout: "time out", store: "are not stored, or not in time", outOfVM: "find no guest" };
const kPluginCauses = { trap: "trap", timeout: "time out", busy: "find the guest busy" };

const nameOf = (labels) => labels.slice(0, 3).join("/");
const share = (part, all, unit) => `${number(part)} of ${number(all)} ${unit}/s`;
const isOut = ({ labels, values }) => !(values[0] > 0) || live.get("sluice_backend_ejected", labels) > 0;

// What rules ask about the last seconds.
class Recent {
  constructor() {
    this.samples = [];
  }
  take() {
    const rates = new Map(kRates.map((name) => [name, new Map(live.rows(name).map(({ labels, values }) => [JSON.stringify(labels), values[1] ?? 0]))]));
    // After a step of the clock, or a pause, the window begins anew.
    this.samples = this.samples.filter(({ time }) => time < live.time && time > live.time - kWindow);
    this.samples.push({ time: live.time, rates });
  }
  rate(name, labels) {
    const key = JSON.stringify(labels);
    return this.samples.reduce((sum, { rates }) => sum + (rates.get(name).get(key) ?? 0), 0) / this.samples.length;
  }
  // Whether `part` is at least `bound` of `all`, and no single event. Both are rates.
  isMuch(part, all, bound) {
    const seconds = (live.time - this.samples[0].time) / 1000 + 1;
    return part > 0 && part >= bound * all && part * seconds >= kFewest;
  }
}

// The pools with their backends: [[labels, [row, …]], …]. What a mirror does is of no client.
function pools() {
  const all = new Map();
  for (const row of live.rows("sluice_backend_healthy")) {
    const key = JSON.stringify(row.labels.slice(0, 3));
    if (row.labels[2] !== "mirror") all.set(key, [...(all.get(key) ?? []), row]);
  }
  return [...all].map(([key, rows]) => [JSON.parse(key), rows]);
}
function rateOfPool(recent, name, rows) {
  return rows.reduce((sum, { labels }) => sum + recent.rate(name, labels), 0);
}
function poolsThat(recent, family, unit, what) {
  return pools().flatMap(([labels, rows]) => {
    const part = rateOfPool(recent, family, rows);
    const all = Math.max(part, rateOfPool(recent, "sluice_backend_requests_total", rows));
    return recent.isMuch(part, all, 0.5) ? [[`${nameOf(labels)}: ${what}`, share(part, all, unit)]] : [];
  });
}

function failuresOf(recent, family, causes, all) {
  return live.rows(family).flatMap(({ labels: [pipeline, filter, cause] }) => {
    const part = recent.rate(family, [pipeline, filter, cause]);
    const whole = Math.max(part, all([pipeline, filter]));
    return recent.isMuch(part, whole, 0.01) ? [[`${pipeline}/${filter}: requests ${causes[cause] ?? cause}`, share(part, whole, "requests")]] : [];
  });
}

function serversThatFail(recent) {
  return live.rows("sluice_server_up").flatMap(({ labels: [name] }) => {
    const all = recent.rate("sluice_live_requests_seconds", [name, ""]);
    const part = recent.rate("sluice_live_requests_seconds", [name, "5xx"]) - recent.rate("sluice_server_shed_total", [name]);
    return recent.isMuch(part, all, 0.05) ? [[`${name}: requests get 5xx`, share(part, all, "requests")]] : [];
  });
}
function serversThatShed(recent) {
  return live.rows("sluice_server_shed_total").flatMap(({ labels: [name] }) => {
    const part = recent.rate("sluice_server_shed_total", [name]);
    const all = Math.max(part, recent.rate("sluice_live_requests_seconds", [name, ""]));
    return recent.isMuch(part, all, 0.05) ? [[`${name} is overloaded and sheds requests`, share(part, all, "requests")]] : [];
  });
}
function serversThatAreFull() {
  return live.rows("sluice_server_connections_max").flatMap(({ labels, values: [most] }) => {
    const now = live.get("sluice_server_connections", labels);
    return most > 0 && now >= most ? [[`${labels[0]}: all connections are taken, further clients wait`, `${number(now)} of ${number(most)}`]] : [];
  });
}

const objects = (state) => live.get("sluice_objects", [state]);
function objectsText() {
  return ["building", "failed"].filter((state) => objects(state) > 0).map((state) => `objects ${state}: ${number(objects(state))}`).join(", ");
}
const zero = (family, what, figures = () => "") => () => live.rows(family).filter(({ values }) => values[0] === 0).map(({ labels }) => [what(labels), figures()]);

// page: where to look. find(recent): [[what is wrong, its figures], …]; what is wrong is read out when it begins, so it
// holds no figure. after: ms for which it must last.
const kRules = [
  { page: "members", after: kStart, find: zero("sluice_ready", () => "NOT READY", objectsText) },
  { page: "members", find: zero("sluice_store_healthy", () => "THE STORE DOES NOT WRITE") },
  { page: "members", find: () => (objects("failed") > 0 ? [["Objects do not run", objectsText()]] : []) },
  { page: "servers", after: 3_000, find: zero("sluice_server_up", ([name]) => `${name} does not listen`) },
  { page: "servers", find: serversThatFail },
  { page: "servers", find: serversThatShed },
  { page: "servers", after: 2_000, find: serversThatAreFull },
  {
    page: "backends", after: 2_000, find: () => pools().filter(([, rows]) => rows.every(isOut))
      .map(([labels, rows]) => [`${nameOf(labels)}: all backends are out`, `${rows.length} of ${rows.length}`]),
  },
  { page: "backends", find: () => live.rows("sluice_pool_breaker_open").filter(({ values }) => values[0] === 1).map(({ labels }) => [`${nameOf(labels)}: the circuit breaker is open`, ""]) },
  { page: "backends", find: (recent) => poolsThat(recent, "sluice_backend_failures_total", "tries", "tries fail") },
  { page: "backends", find: (recent) => poolsThat(recent, "sluice_backend_abandoned_total", "tries", "clients leave before an answer") },
  {
    page: "wasmhost", find: (recent) => failuresOf(recent, "sluice_guest_failures_total", kCauses,
      (filter) => recent.rate("sluice_guest_requests_total", filter) + recent.rate("sluice_guest_run_for_others_total", filter)),
  },
  { page: "wasmhost", find: (recent) => failuresOf(recent, "sluice_plugin_failures_total", kPluginCauses, (filter) => recent.rate("sluice_plugin_requests_total", filter)) },
  { page: "wasmhost", after: kStart, find: zero("sluice_data_readable", (labels) => `${nameOf(labels)}: the data can be neither owned nor followed`) },
];

export class Troubles {
  constructor() {
    this.recent = new Recent();
    this.begun = new Map(); // what is wrong -> since when
    this.now = []; // [{page, what, figures}]
    this.events = 0;
  }
  // After an event. once: there is only this moment.
  take(once) {
    if (live.events === this.events) return;
    this.events = live.events;
    this.recent.take();
    const begun = new Map();
    this.now = kRules.flatMap(({ page, after = 0, find }) => find(this.recent).flatMap(([what, figures]) => {
      begun.set(what, Math.min(this.begun.get(what) ?? live.time, live.time));
      return once || live.time - begun.get(what) >= after ? [{ page, what, figures }] : [];
    }));
    this.begun = begun;
  }
}
