// SPDX-License-Identifier: Apache-2.0
// A drawing of the flow of a pipeline, from top to bottom, with what happens at each filter.

import { svg } from "./dom.js";
import { duration, number, rate } from "./format.js";

const kBox = { x: 10, width: 306, height: 66 };
const kEnd = { width: 80, height: 26 };
const kGap = 34;
const kLine = 16; // of a result
const kLane = 12; // between the lines of jumps
const kFirstLane = 14;
const kEndName = "END"; // of a node that is no filter

// The nodes of the flow, as the pipeline runs them.
export function nodesOf(spec) {
  const filters = new Map((spec.filters ?? []).map((filter) => [filter.name, filter]));
  const flow = spec.flow?.length ? spec.flow : (spec.filters ?? []).map((filter) => ({ filter: filter.name }));
  return flow.map((node) => ({
    name: node.filter, alias: node.alias || node.filter, kind: filters.get(node.filter)?.kind ?? "", jumps: node.jumpIf ?? {}, ends: node.filter === kEndName,
  }));
}

const text = (x, y, content, classes = "") => svg("text", { x, y, class: classes }, content);
const cut = (name, length) => (name.length > length ? `${name.slice(0, length - 1)}…` : name);
const middle = kBox.x + kBox.width / 2;

// The results that a filter had, and those from which it jumps.
function linesOf(node, its) {
  const absent = Object.keys(node.jumps).filter((result) => !its.some((one) => one.result === result));
  return [...its, ...absent.map((result) => ({ result, rate: 0, count: 0 }))];
}

// Gives each node its place, and returns that of the end below them.
function place(nodes, results) {
  let y = 8;
  for (const node of nodes) {
    const its = node.ends ? [] : results(node.name);
    node.lines = linesOf(node, its);
    node.total = its.reduce((sum, one) => sum + one.rate, 0);
    node.p50 = Math.max(0, ...its.map((one) => one.p50 ?? 0));
    node.p99 = Math.max(0, ...its.map((one) => one.p99 ?? 0));
    node.y = y;
    node.height = node.ends ? kEnd.height : kBox.height + node.lines.length * kLine;
    y += node.height + kGap;
  }
  return y;
}

// All jumps to one place share a line, and the line to a nearer place is further to the left.
function lanesOf(nodes, targetOf) {
  const targets = new Set(nodes.flatMap((node) => Object.values(node.jumps).map(targetOf)));
  return new Map([...targets].sort((a, b) => a.y - b.y).map((target, i) => [target, kBox.x + kBox.width + kFirstLane + i * kLane]));
}

// flow: {spec, next, endsEarly}. next: where the last filter leads to, if that is not the end; endsEarly: END does not
// lead there. results: name of a filter -> [{result, rate, p50, p99, count}]
export function drawFlow({ spec, next, endsEarly }, results) {
  const nodes = nodesOf(spec);
  const y = place(nodes, results);
  const places = new Map(nodes.filter((node) => !node.ends).map((node) => [node.alias, node]));
  const last = nodes.at(-1);
  const exit = last?.ends ? last : { y, height: kEnd.height, ends: true };
  const jumpsOut = nodes.some((node) => Object.values(node.jumps).some((target) => !places.has(target)));
  const own = Boolean(next && endsEarly && jumpsOut);
  const end = own ? { y: exit.y + kEnd.height + kGap / 2, height: kEnd.height, ends: true } : exit;
  exit.label = last?.ends && endsEarly ? kEndName : (next ?? kEndName);
  end.label = own ? kEndName : exit.label;
  for (const node of nodes) {
    if (node.ends) node.label ??= endsEarly ? kEndName : (next ?? kEndName);
  }
  const targetOf = (name) => places.get(name) ?? end;
  const lanes = lanesOf(nodes, targetOf);
  const height = end.y + 40;
  const width = kBox.x + kBox.width + kFirstLane + lanes.size * kLane;
  const drawing = svg("svg", { class: "flow", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": describe(nodes, exit) });
  drawing.append(svg("defs", {}, svg("marker", { id: "tip", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" }, svg("path", { d: "M0 0 L8 4 L0 8 z", class: "tip" }))));
  nodes.forEach((node, i) => {
    if (node.ends) return;
    drawing.append(...boxOf(node), arrow(node, nodes[i + 1] ?? exit));
    node.lines.forEach((one, line) => {
      if (!Object.hasOwn(node.jumps, one.result)) return;
      const target = targetOf(node.jumps[one.result]);
      drawing.append(jump(yOfLine(node, line) - 4, target, lanes.get(target)));
    });
  });
  for (const { label, y: top } of new Set([...nodes.filter((node) => node.ends), exit, end])) {
    drawing.append(svg("rect", { x: middle - kEnd.width / 2, y: top, ...kEnd, rx: 13, class: "end" }), text(middle, top + 18, label, "middle small"));
  }
  return drawing;
}

const yOfLine = (node, line) => node.y + kBox.height + 8 + line * kLine;

function boxOf(node) {
  const left = kBox.x + 12;
  const right = kBox.x + kBox.width - 12;
  const parts = [
    svg("rect", { x: kBox.x, y: node.y, width: kBox.width, height: node.height, rx: 8, class: node.total > 0 ? "box busy" : "box" }),
    text(left, node.y + 20, cut(node.alias, 24), "name"),
    text(right, node.y + 20, cut(node.kind, 16), "right small"),
    text(left, node.y + 40, rate(node.total), "figure"),
    text(left, node.y + 57, node.p99 ? `p50 ${duration(node.p50)}  p99 ${duration(node.p99)}` : "no request now", "small"),
  ];
  node.lines.forEach((one, i) => {
    parts.push(text(left, yOfLine(node, i), cut(one.result, 22), "small"), text(right, yOfLine(node, i), `${rate(one.rate)}, ${number(one.count)} in all`, "right small"));
  });
  return parts;
}

function arrow(from, to) {
  return svg("line", { x1: middle, y1: from.y + from.height, x2: middle, y2: to.y - 2, class: "arrow", "marker-end": "url(#tip)" });
}

// From the line of its result, past all that lies between.
function jump(begin, to, lane) {
  const x = kBox.x + kBox.width;
  const end = to.ends ? middle + kEnd.width / 2 : x;
  return svg("path", { d: `M${x} ${begin} H${lane} V${to.y + 13} H${end + 2}`, class: "jump", "marker-end": "url(#tip)" });
}

function describe(nodes, exit) {
  const names = nodes.map((node) => (node.ends ? node.label : `${node.alias} (${node.kind}) ${rate(node.total)}`));
  return `Flow: ${[...names, ...(nodes.includes(exit) ? [] : [exit.label])].join(", then ")}`;
}
