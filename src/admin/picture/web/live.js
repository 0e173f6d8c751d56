// SPDX-License-Identifier: Apache-2.0
// The figures: those of now from the stream of events, those of the last 15 minutes from the history.

const kApi = "/apis/v2";
const kPast = 1000; // samples
const kAgainAfter = 3_000; // ms after a refusal
// The columns that the history keeps, as places in a row of now: the value, or the rate with the quantiles.
const kKept = { gauge: [0], counter: [1], summary: [0], histogram: [1, 3, 4] };

export async function call(path, options = {}) {
  const response = await fetch(kApi + path, { headers: { Accept: "application/json" }, ...options });
  const text = await response.text();
  let body = text;
  try {
    body = JSON.parse(text);
  } catch {
    // A text.
  }
  if (!response.ok) throw new Error([body.message ?? `status ${response.status}`, ...(body.errors ?? [])].join("\n"));
  return body;
}

// The places of the times that are before all later ones: without those that a clock has run through twice.
function placesThatGrow(times) {
  let next = Infinity;
  const grows = times.map(() => false);
  for (let i = times.length - 1; i >= 0; --i) {
    grows[i] = times[i] < next;
    next = Math.min(next, times[i]);
  }
  return [...times.keys()].filter((i) => grows[i]);
}

class Live {
  constructor() {
    this.figures = new Map(); // name -> key -> {labels, values}
    this.families = {};
    this.past = new Map(); // name -> {times, rows: key -> {labels, columns}}
    this.loading = new Map();
    this.listeners = new Set();
    this.time = 0;
    this.connected = false;
    this.refusal = ""; // why the server does not send the stream
    this.leftOut = 0; // figures that the server does not send, because there are too many
    this.events = 0;
    this.mayChange = false;
    this.once = false;
    this.member = "";
    this.version = "";
  }

  // once: the figures of this moment, without a stream, for a program that waits for the end of all loading.
  start(once = false) {
    this.once = once;
    if (once) {
      call("/live?once").then((all) => this.take(all), () => this.tell());
      return;
    }
    const source = new EventSource(`${kApi}/live`);
    source.addEventListener("all", (event) => {
      this.figures.clear();
      this.families = {};
      this.past.clear();
      this.loading.clear();
      this.take(JSON.parse(event.data));
    });
    source.addEventListener("changes", (event) => this.take(JSON.parse(event.data)));
    source.onerror = () => {
      this.connected = false;
      if (source.readyState === EventSource.CLOSED) void this.startAgain();
      this.tell();
    };
  }
  // An EventSource gives up after a refusal, and keeps its reason to itself.
  async startAgain() {
    const question = new AbortController();
    let answer = null;
    try {
      answer = await fetch(`${kApi}/live`, { signal: question.signal });
      this.refusal = answer.ok ? "" : ((await answer.json()).message ?? `status ${answer.status}`);
    } catch {
      this.refusal = "";
    }
    question.abort();
    this.tell();
    // Who is not admitted is asked for a password once, not every few seconds.
    if (answer?.status !== 401) setTimeout(() => this.start(), kAgainAfter);
  }

  take(event) {
    ++this.events;
    this.connected = true;
    this.refusal = "";
    this.time = event.time;
    Object.assign(this.families, event.families); // of `changes`: those that are new
    for (const [name, rows] of Object.entries(event.figures)) {
      if (!this.figures.has(name)) this.figures.set(name, new Map());
      const family = this.figures.get(name);
      for (const [labels, ...values] of rows) {
        const key = JSON.stringify(labels);
        family.set(key, { labels, values, since: family.get(key)?.since ?? event.time });
      }
    }
    this.leftOut = event.leftOut ?? 0;
    for (const [name, keys] of Object.entries(event.gone ?? {})) {
      for (const labels of keys) this.figures.get(name)?.delete(JSON.stringify(labels));
    }
    this.extend();
    this.tell();
  }

  tell() {
    for (const listener of this.listeners) listener();
  }

  rows(name) {
    return [...(this.figures.get(name)?.values() ?? [])];
  }
  // A figure that there is not is 0.
  get(name, labels, column = 0) {
    return this.figures.get(name)?.get(JSON.stringify(labels))?.values[column] ?? 0;
  }
  has(name, labels) {
    return this.figures.get(name)?.has(JSON.stringify(labels)) ?? false;
  }
  type(name) {
    return this.families[name]?.type ?? "gauge";
  }

  // Loads the history of families that are not there yet.
  load(names) {
    const missing = names.filter((name) => !this.loading.has(name));
    if (missing.length > 0) {
      const loaded = this.readPast(missing);
      for (const name of missing) this.loading.set(name, loaded);
      loaded.catch(() => missing.forEach((name) => this.loading.delete(name)));
    }
    return Promise.all(names.map((name) => this.loading.get(name))).catch(() => {});
  }
  // An answer has room for some hundred rows: where that is not enough for all, each family gets one of its own.
  async readPast(names) {
    const answer = await call(`/live/history?figures=${names.join(",")}`);
    if (answer.leftOut > 0 && names.length > 1) {
      for (const name of names) await this.readPast([name]);
    } else {
      this.keep(names, answer);
    }
  }
  keep(names, answer) {
    this.mayChange = answer.mayChange;
    this.member = answer.member;
    this.version = answer.version;
    const kept = placesThatGrow(answer.times);
    const pick = (values) => kept.map((place) => values[place]);
    for (const name of names) {
      const rows = new Map();
      for (const [labels, ...columns] of answer.figures[name] ?? []) rows.set(JSON.stringify(labels), { labels, columns: columns.map(pick) });
      const times = pick(answer.times);
      this.addGaps(name, rows, times);
      this.past.set(name, { times, rows });
    }
    this.tell();
  }
  // A figure that was there before the end of the history, and is not in it, found no room. What it was is unknown.
  addGaps(name, rows, times) {
    for (const [key, { labels, since }] of this.figures.get(name) ?? []) {
      if (rows.has(key) || !(since <= times.at(-1))) continue;
      rows.set(key, { labels, gap: true, columns: kKept[this.type(name)].map(() => times.map(() => null)) });
    }
  }
  // Whether the history has no room for the past of this figure.
  hasGap(name, labels) {
    return this.past.get(name)?.rows.get(JSON.stringify(labels))?.gap ?? false;
  }
  isLoaded(names) {
    return names.every((name) => this.past.has(name));
  }
  // Adds the sample of now to all that is loaded.
  extend() {
    for (const [name, past] of this.past) {
      if (past.times.at(-1) === this.time) continue; // the history has it already
      if (past.times.at(-1) > this.time) this.setBack(past);
      const columns = kKept[this.type(name)];
      for (const [key, { labels }] of this.figures.get(name) ?? []) {
        if (!past.rows.has(key)) past.rows.set(key, { labels, columns: columns.map((_, i) => past.times.map(() => this.before(name, i))) });
      }
      past.times.push(this.time);
      for (const [key, row] of past.rows) {
        const values = this.figures.get(name)?.get(key)?.values;
        columns.forEach((column, i) => {
          const quiet = i > 0 && !values?.[1];
          row.columns[i].push(values && !quiet ? values[column] : null);
          if (row.columns[i].length > kPast) row.columns[i].shift();
        });
      }
      if (past.times.length > kPast) past.times.shift();
      // What is gone is kept as long as its samples.
      for (const [key, row] of past.rows) {
        if (!this.figures.get(name)?.has(key) && row.columns[0].every((value) => value === null)) past.rows.delete(key);
      }
    }
  }
  // The clock of the server was set back: charts need times that grow, so later samples are dropped.
  setBack(past) {
    const kept = past.times.filter((time) => time < this.time).length;
    past.times.length = kept;
    for (const row of past.rows.values()) row.columns.forEach((column) => (column.length = kept));
  }
  // [times in seconds, values] of one figure.
  history(name, labels, column = 0) {
    const past = this.past.get(name);
    if (!past) return [[], []];
    return [past.times.map((time) => time / 1000), past.rows.get(JSON.stringify(labels))?.columns[column] ?? past.times.map(() => this.before(name, column))];
  }
  // What a figure was before it came: a rate was 0. A quantile or a gauge had no value. Where figures are left out, one
  // that is absent may count all the same.
  before(name, column) {
    return this.leftOut === 0 && column === 0 && ["counter", "histogram"].includes(this.type(name)) ? 0 : null;
  }
}

export const live = new Live();
