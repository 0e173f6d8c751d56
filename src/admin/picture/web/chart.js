// SPDX-License-Identifier: Apache-2.0
// A chart of figures over the last 15 minutes, drawn by uPlot.

import { el, setText } from "./dom.js";
import { bytes, number } from "./format.js";
import { live } from "./live.js";
import { choose, range } from "./range.js";
import { saveCsv, savePng } from "./save.js";

const kColours = 6; // --curve-1 …; 7 and 8 are those of 4xx and 5xx
const kHeight = 190;
const kSpanMin = 60; // seconds
const kPowersOfTwo = Array.from({ length: 50 }, (_, i) => 2 ** i); // the steps of an axis of bytes
const kWholeSteps = Array.from({ length: 45 }, (_, i) => [1, 2, 5][i % 3] * 10 ** Math.floor(i / 3)); // of an axis of counts
const timeOf = (seconds) => new Date(seconds * 1000).toLocaleTimeString("en-GB");
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export class Chart {
  // curves: [{label, family, labels, column, colour}] or a function that returns them, colour: the number of a curve of
  // style.css, else by the place; text: of a value; heading: its element, one below that of what is around the chart.
  constructor(title, curves, text, heading = "h2") {
    this.title = title;
    this.curves = typeof curves === "function" ? curves : () => curves;
    this.text = text;
    this.plot = null;
    this.shown = "";
    this.canvas = el("div", { class: "plot", role: "img", "aria-label": title });
    this.legend = el("ul", { class: "legend" });
    this.note = el("p", { class: "soft loading", role: "status" });
    this.element = el("figure", { class: "chart" },
      el("figcaption", {}, el(heading, {}, title),
        el("span", { class: "buttons" },
          el("button", { type: "button", "aria-label": `Save ${title} as PNG`, onclick: () => savePng(title, this.canvas.querySelector("canvas")) }, "PNG"),
          el("button", { type: "button", "aria-label": `Export ${title} as CSV`, onclick: () => this.export() }, "CSV"))),
      this.note, this.canvas, this.legend);
    this.observer = new ResizeObserver(() => this.plot?.setSize({ width: this.canvas.clientWidth, height: kHeight }));
    this.observer.observe(this.canvas);
  }

  families() {
    return [...new Set(this.curves().map((curve) => curve.family))];
  }
  data(curves) {
    const histories = curves.map((curve) => live.history(curve.family, curve.labels, curve.column ?? 0));
    const times = histories.reduce((longest, [its]) => (its.length > longest.length ? its : longest), []);
    // A family that was loaded later ends with the others.
    return [times, ...histories.map(([its, values]) => [...times.slice(its.length).map(() => null), ...values])];
  }
  update() {
    const curves = this.curves();
    const shape = JSON.stringify([curves.map((curve) => curve.label), colour("--text")]);
    const data = this.data(curves);
    if (shape !== this.shown || !this.plot) this.make(curves, data);
    else this.plot.setData(data, false);
    this.shown = shape;
    const end = data[0].at(-1) ?? Date.now() / 1000;
    const begin = Math.max(end - range.minutes * 60, Math.min(data[0][0] ?? end, end - kSpanMin));
    this.plot.setScale("x", range.chosen ?? { min: begin, max: end });
    this.tell(curves, data);
  }
  make(curves, data) {
    this.plot?.destroy();
    const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
    const colours = curves.map((curve, i) => curve.colour ?? (i % kColours) + 1);
    const series = curves.map((curve, i) => ({ label: curve.label, stroke: colour(`--curve-${colours[i]}`), width: 2, dash: isDashed(i) ? [7, 4] : [], spanGaps: false, points: { show: false } }));
    this.plot = new uPlot({
      width: this.canvas.clientWidth || 320,
      height: kHeight,
      legend: { show: false },
      cursor: { drag: { x: true, y: false } },
      padding: [8, 30, 0, 0], // half of a time has room to the right of the last line
      scales: { y: { range: (_, min, max) => [Math.min(0, min ?? 0), (max || 1) * 1.08] } },
      axes: [
        { ...axis, space: 70, size: 26, values: (_, times) => times.map(timeOf) },
        { ...axis, size: 64, values: (_, values) => values.map(this.text), ...stepsOf(this.text) },
      ],
      series: [{}, ...series],
      hooks: { setSelect: [dragged] },
    }, data, this.canvas);
    this.plot.root.addEventListener("dblclick", () => choose(null));
    this.marks = curves.map((curve, i) => {
      const value = el("span", { class: "value" });
      return { value, item: el("li", {}, el("span", { class: `mark curve-${colours[i]}${isDashed(i) ? " dashed" : ""}`, "aria-hidden": "true" }), `${curve.label} `, value) };
    });
    this.legend.replaceChildren(...this.marks.map((mark) => mark.item));
  }
  // What the curves say, for those who do not see them.
  tell(curves, data) {
    const loaded = live.isLoaded(this.families());
    const gaps = curves.filter((curve) => live.hasGap(curve.family, curve.labels)).map((curve) => curve.label);
    const note = loaded ? gapsText(gaps) : "Reading the last 15 minutes…";
    this.note.hidden = note === "";
    setText(this.note, note);
    const now = curves.map((curve, i) => (loaded ? this.textOf(data[i + 1].at(-1)) : "–"));
    this.marks.forEach((mark, i) => setText(mark.value, now[i]));
    this.canvas.setAttribute("aria-label", `${this.title}: ${curves.map((curve, i) => `${curve.label} ${now[i]}`).join(", ") || "nothing yet"}`);
  }
  textOf(value) {
    return value === null || value === undefined ? "–" : this.text(value);
  }
  export() {
    const curves = this.curves();
    const [times, ...columns] = this.data(curves);
    const { min, max } = this.plot.scales.x;
    const rows = times.map((time, i) => [time, i]).filter(([time]) => time >= min && time <= max)
      .map(([time, i]) => [new Date(time * 1000).toISOString(), ...columns.map((column) => column[i])]);
    saveCsv(this.title, ["time", ...curves.map((curve) => curve.label)], rows);
  }
  end() {
    this.observer.disconnect();
    this.plot?.destroy();
  }
}

// A curve that lies under a dashed one is seen.
const isDashed = (place) => place % 2 === 1;

function gapsText(labels) {
  if (labels.length === 0) return "";
  return `The server keeps no past of ${labels.slice(0, 3).join(", ")}${labels.length > 3 ? ` and ${labels.length - 3} more` : ""}: the gap is not 0.`;
}

function stepsOf(text) {
  if (text === bytes) return { incrs: kPowersOfTwo };
  return text === number ? { incrs: kWholeSteps } : {};
}

function dragged(plot) {
  const { left, width } = plot.select;
  if (width >= 2) choose({ min: plot.posToVal(left, "x"), max: plot.posToVal(left + width, "x") });
}

// Charts side by side.
export class Charts {
  constructor(...charts) {
    this.charts = charts;
    this.element = el("div", { class: "charts" }, charts.map((chart) => chart.element));
  }
  update() {
    void live.load([...new Set(this.charts.flatMap((chart) => chart.families()))]);
    for (const chart of this.charts) chart.update();
  }
  end() {
    for (const chart of this.charts) chart.end();
  }
}
