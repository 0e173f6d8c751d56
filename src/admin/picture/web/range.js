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

const kWhole = "15:04:05".length;
const kClock = /^([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/;

// The last moment at or before `end` at which the clock showed `text` ("15:04" or "15:04:05"); null if `text` is none.
export function momentOf(text, end) {
  if (!kClock.test(text)) return null;
  const parts = text.split(":").map(Number);
  const day = new Date(end * 1000);
  day.setHours(parts[0], parts[1] ?? 0, parts[2] ?? 0, 0);
  const moment = day.getTime() / 1000;
  return moment > end ? moment - kDay : moment;
}

// now(): the time of the newest sample, in seconds.
export function rangeFields(now) {
  // Of text: a field of times would have 12 hours in some browsers, and the charts have 24.
  const field = (name) => el("input", { id: name, class: "clock", inputmode: "numeric", autocomplete: "off", placeholder: "hh:mm:ss", maxlength: "8", onchange: () => read(), oninput: (event) => event.target.value.length === kWhole && read() });
  const [from, to] = [field("from"), field("to")];
  const all = el("button", { type: "button", onclick: () => choose(null) }, "All");
  const read = () => {
    for (const its of [from, to]) its.setAttribute("aria-invalid", its.value !== "" && !kClock.test(its.value));
    const end = momentOf(to.value, now()) ?? now();
    const begin = momentOf(from.value, end);
    if (begin !== null && begin < end) choose({ min: begin, max: end });
  };
  // A field that already says so stays as it is: the reader may be typing into it.
  const set = (its, text) => {
    if (its.value !== text) its.value = text;
    its.setAttribute("aria-invalid", false);
  };
  const show = () => {
    set(from, range.chosen ? clock(range.chosen.min) : "");
    set(to, range.chosen ? clock(range.chosen.max) : "");
    all.disabled = !range.chosen;
  };
  range.listeners.add(show);
  show();
  return [el("label", {}, "From ", from), el("label", {}, "to ", to), all];
}
