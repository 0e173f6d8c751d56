// SPDX-License-Identifier: Apache-2.0
// The part of the past that all charts show and export: the last minutes, or a range that the reader has chosen by
// the pointer in a chart or by the keyboard in the two fields of the header.

import { el } from "./dom.js";

const kDay = 24 * 60 * 60; // s

export const range = { minutes: 15, chosen: null, listeners: new Set() };

// chosen: {min, max} in seconds since 1970, or null for the last minutes.
export function choose(chosen) {
  range.chosen = chosen;
  for (const listener of range.listeners) listener();
}

const pad = (part) => String(part).padStart(2, "0");
function clock(seconds) {
  const time = new Date(seconds * 1000);
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map(pad).join(":");
}

// The last moment at or before `end` at which the clock showed `text` ("15:04" or "15:04:05"); null if `text` is none.
export function momentOf(text, end) {
  const parts = text.split(":").map(Number);
  if (text === "" || parts.some(Number.isNaN)) return null;
  const day = new Date(end * 1000);
  day.setHours(parts[0], parts[1] ?? 0, parts[2] ?? 0, 0);
  const moment = day.getTime() / 1000;
  return moment > end ? moment - kDay : moment;
}

// now(): the time of the newest sample, in seconds.
export function rangeFields(now) {
  const field = (name) => el("input", { type: "time", step: "1", id: name, onchange: () => read() });
  const [from, to] = [field("from"), field("to")];
  const all = el("button", { type: "button", onclick: () => choose(null) }, "All");
  const read = () => {
    const end = momentOf(to.value, now()) ?? now();
    const begin = momentOf(from.value, end);
    if (begin !== null && begin < end) choose({ min: begin, max: end });
  };
  // A field that already says so stays as it is: the reader may be typing into it.
  const set = (its, text) => its.value !== text && (its.value = text);
  const show = () => {
    set(from, range.chosen ? clock(range.chosen.min) : "");
    set(to, range.chosen ? clock(range.chosen.max) : "");
    all.disabled = !range.chosen;
  };
  range.listeners.add(show);
  show();
  return [el("label", {}, "From ", from), el("label", {}, "to ", to), all];
}
