// SPDX-License-Identifier: Apache-2.0
import { el, setText, Table } from "./dom.js";
import { drawFlow } from "./flow.js";
import { duration, number, rate } from "./format.js";
import { call, live } from "./live.js";
import { saveSvg } from "./save.js";

const kFilters = "sluice_filter_duration_seconds";
const kSpecsAfter = 10_000; // a change of an object shows after so many ms

// The flows of all objects, in the order in which a request runs through them. `name` is that of the figures.
function flowsOf(objects) {
  const usersOf = (name) => objects.filter((its) => its.kind === "HTTPServer" && its.globalFilter === name).map((its) => its.name).join(", ") || "no server";
  const around = objects.filter((its) => its.kind === "GlobalFilter");
  const parts = (side, more) => around.filter((its) => its[`${side}Pipeline`]).map((its) => ({
    name: `${its.name}/${side}`, spec: its[`${side}Pipeline`], title: `GlobalFilter ${its.name}, ${side} each pipeline`, note: `of ${usersOf(its.name)}`, ...more(its) }));
  const pools = objects.filter((its) => its.kind === "HTTPServer").flatMap((its) => (its.rules ?? []).flatMap((rule, i) =>
    (rule.paths ?? []).map((path, j) => ({ path, place: `rules[${i}].paths[${j}]` })).filter(({ path }) => path.backendPool).map(({ place }) => (
      { name: `${its.name}/${place}`, spec: { filters: [{ name: "backendPool", kind: "Proxy" }] }, title: `Server ${its.name}, ${place}` }))));
  return [
    ...parts("before", (its) => ({ next: "pipeline", endsEarly: !its.fallthrough?.beforePipeline })),
    ...objects.filter((its) => its.kind === "Pipeline").map((spec) => ({ name: spec.name, spec, title: `Pipeline ${spec.name}` })),
    ...pools,
    ...parts("after", () => ({})),
  ];
}

export class Pipelines {
  static title = "Pipelines";
  constructor() {
    this.flows = [];
    this.drawings = new Map();
    this.list = el("div", { class: "flows" });
    this.results = new Table("Results of filters", [
      { title: "Filter", text: (row) => row.labels[1] },
      { title: "Pipeline", text: (row) => row.labels[0] },
      { title: "Kind", text: (row) => row.labels[2] },
      { title: "Result", text: (row) => row.labels[3] },
      { title: "Now", number: true, text: (row) => rate(row.values[1]) },
      { title: "Median", number: true, text: (row) => duration(row.values[3]) },
      { title: "99 %", number: true, text: (row) => duration(row.values[4]) },
      { title: "Since the start", number: true, text: (row) => number(row.values[0]) },
    ]);
    this.element = el("div", {}, this.list, this.results.element);
    this.read();
    this.timer = setInterval(() => this.read(), kSpecsAfter);
  }
  async read() {
    try {
      this.flows = flowsOf(await call("/objects"));
      this.update();
    } catch {
      // The header says that the server is away.
    }
  }
  update() {
    const results = (pipeline) => (filter) => live.rows(kFilters).filter(({ labels }) => labels[0] === pipeline && labels[1] === filter)
      .map(({ labels, values }) => ({ result: labels[3], count: values[0], rate: values[1], p50: values[3], p99: values[4] }));
    const names = new Set(this.flows.map((flow) => flow.name));
    for (const [name, its] of this.drawings) {
      if (names.has(name)) continue;
      its.element.remove();
      this.drawings.delete(name);
    }
    this.flows.forEach((flow, place) => {
      const drawing = drawFlow(flow, results(flow.name));
      let its = this.drawings.get(flow.name);
      if (!its) {
        its = { drawing, note: el("p", { class: "soft" }) };
        its.element = el("figure", { class: "chart" }, el("figcaption", {}, el("h2", {}, flow.title),
          el("span", { class: "buttons" }, el("button", { type: "button", "aria-label": `Save ${flow.title} as SVG`, onclick: () => saveSvg(flow.title, its.drawing) }, "SVG"))), its.note, drawing);
        this.drawings.set(flow.name, its);
      } else {
        its.drawing.replaceWith(drawing);
        its.drawing = drawing;
      }
      setText(its.note, flow.note ?? "");
      its.note.hidden = !flow.note;
      if (this.list.children[place] !== its.element) this.list.insertBefore(its.element, this.list.children[place] ?? null);
    });
    this.results.update(live.rows(kFilters).map((row) => ({ ...row, key: JSON.stringify(row.labels) })));
  }
  end() {
    clearInterval(this.timer);
  }
}
