// SPDX-License-Identifier: Apache-2.0
import { el, Table } from "./dom.js";
import { drawFlow } from "./flow.js";
import { duration, number, rate } from "./format.js";
import { call, live } from "./live.js";
import { saveSvg } from "./save.js";

const kFilters = "sluice_filter_duration_seconds";
const kSpecsAfter = 10_000; // a change of an object shows after so many ms

export class Pipelines {
  static title = "Pipelines";
  constructor() {
    this.specs = [];
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
      this.specs = (await call("/objects")).filter((object) => object.kind === "Pipeline");
      this.update();
    } catch {
      // The header says that the server is away.
    }
  }
  update() {
    const results = (pipeline) => (filter) => live.rows(kFilters).filter(({ labels }) => labels[0] === pipeline && labels[1] === filter)
      .map(({ labels, values }) => ({ result: labels[3], count: values[0], rate: values[1], p50: values[3], p99: values[4] }));
    const names = new Set(this.specs.map((spec) => spec.name));
    for (const [name, its] of this.drawings) {
      if (names.has(name)) continue;
      its.element.remove();
      this.drawings.delete(name);
    }
    for (const spec of this.specs) {
      const drawing = drawFlow(spec, results(spec.name));
      let its = this.drawings.get(spec.name);
      if (!its) {
        its = { drawing };
        const title = `Pipeline ${spec.name}`;
        its.element = el("figure", { class: "chart" }, el("figcaption", {}, el("h2", {}, title),
          el("span", { class: "buttons" }, el("button", { type: "button", "aria-label": `Save ${title} as SVG`, onclick: () => saveSvg(title, its.drawing) }, "SVG"))), drawing);
        this.drawings.set(spec.name, its);
        this.list.append(its.element);
      } else {
        its.drawing.replaceWith(drawing);
        its.drawing = drawing;
      }
    }
    this.results.update(live.rows(kFilters).map((row) => ({ ...row, key: JSON.stringify(row.labels) })));
  }
  end() {
    clearInterval(this.timer);
  }
}
