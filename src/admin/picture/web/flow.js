// SPDX-License-Identifier: Apache-2.0
// A drawing of the flow of a pipeline, from top to bottom, with what happens at each filter.

import { svg } from "./dom.js";
import { duration, number, rate } from "./format.js";

const kWidth = 384;
const kBox = { x: 44, width: 250, height: 66 };
const kEnd = { width: 80, height: 26 };
const kGap = 34;
const kLine = 16; // of a result

// The nodes of the flow, as the pipeline runs them.
export function nodesOf(spec) {
  const filters = new Map((spec.filters ?? []).map((filter) => [filter.name, filter]));
  const flow = spec.flow?.length ? spec.flow : (spec.filters ?? []).map((filter) => ({ filter: filter.name }));
  return flow.map((node) => ({ name: node.filter, alias: node.alias || node.filter, kind: filters.get(node.filter)?.kind ?? "", jumps: node.jumpIf ?? {} }));
}

const text = (x, y, content, classes = "") => svg("text", { x, y, class: classes }, content);
const cut = (name, length) => (name.length > length ? `${name.slice(0, length - 1)}…` : name);

// flow: {spec, next, endsEarly}. next: where the last filter leads to, if that is not the end; endsEarly: END does not
// lead there. results: name of a filter -> [{result, rate, p50, p99, count}]
export function drawFlow({ spec, next, endsEarly }, results) {
  const nodes = nodesOf(spec);
  const places = new Map();
  let y = 8;
  for (const node of nodes) {
    const its = results(node.name);
    node.lines = its.filter((one) => one.result !== "success" || its.length > 1);
    node.total = its.reduce((sum, one) => sum + one.rate, 0);
    node.p50 = Math.max(0, ...its.map((one) => one.p50 ?? 0));
    node.p99 = Math.max(0, ...its.map((one) => one.p99 ?? 0));
    node.y = y;
    node.height = kBox.height + node.lines.length * kLine;
    places.set(node.alias, node);
    y += node.height + kGap;
  }
  const exit = { label: next ?? "END", y, height: kEnd.height };
  const jumpsOut = nodes.some((node) => Object.values(node.jumps).some((target) => !places.has(target)));
  const end = next && endsEarly && jumpsOut ? { label: "END", y: y + kEnd.height + kGap / 2, height: kEnd.height } : exit;
  const height = end.y + 40;
  const drawing = svg("svg", { class: "flow", viewBox: `0 0 ${kWidth} ${height}`, width: kWidth, height, role: "img", "aria-label": describe(nodes, exit) });
  drawing.append(svg("defs", {}, svg("marker", { id: "tip", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" }, svg("path", { d: "M0 0 L8 4 L0 8 z", class: "tip" }))));
  nodes.forEach((node, i) => {
    drawing.append(...boxOf(node), arrow(node, nodes[i + 1] ?? exit));
    Object.entries(node.jumps).forEach(([result, target], place) => drawing.append(...jump(node, places.get(target) ?? end, result, place)));
  });
  for (const { label, y: top } of new Set([exit, end])) {
    drawing.append(svg("rect", { x: kBox.x + 85, y: top, ...kEnd, rx: 13, class: "end" }), text(kBox.x + 125, top + 18, label, "middle small"));
  }
  return drawing;
}

function boxOf(node) {
  const left = kBox.x + 12;
  const right = kBox.x + kBox.width - 12;
  const parts = [
    svg("rect", { x: kBox.x, y: node.y, width: kBox.width, height: node.height, rx: 8, class: node.total > 0 ? "box busy" : "box" }),
    text(left, node.y + 20, cut(node.alias, 22), "name"),
    text(right, node.y + 20, cut(node.kind, 16), "right small"),
    text(left, node.y + 40, rate(node.total), "figure"),
    text(left, node.y + 57, node.p99 ? `p50 ${duration(node.p50)}  p99 ${duration(node.p99)}` : "no request now", "small"),
  ];
  node.lines.forEach((one, i) => {
    const at = node.y + kBox.height + 8 + i * kLine;
    parts.push(text(left, at, cut(one.result, 24), "small"), text(right, at, `${rate(one.rate)}, ${number(one.count)} in all`, "right small"));
  });
  return parts;
}

function arrow(from, to) {
  const x = kBox.x + kBox.width / 2;
  return svg("line", { x1: x, y1: from.y + from.height, x2: x, y2: to.y - 2, class: "arrow", "marker-end": "url(#tip)" });
}

function jump(from, to, result, place) {
  const x = kBox.x + kBox.width;
  const out = x + 22 + place * 12;
  const begin = from.y + 30 + place * 14;
  return [
    svg("path", { d: `M${x} ${begin} H${out} V${to.y + 13} H${x - (to.height === kEnd.height ? 85 : 0) + 2}`, class: "jump", "marker-end": "url(#tip)" }),
    text(x + 5, begin - 4, cut(result, 13), "tiny"),
  ];
}

function describe(nodes, exit) {
  return `Flow: ${nodes.map((node) => `${node.alias} (${node.kind}) ${rate(node.total)}`).join(", then ")}, then ${exit.label}`;
}
