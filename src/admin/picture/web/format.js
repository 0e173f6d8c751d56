// SPDX-License-Identifier: Apache-2.0
// Numbers as texts.

export function number(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "";
  const size = Math.abs(value);
  if (size >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString("en");
  return value.toFixed(size < 10 ? 2 : 1);
}
// "1 commit", "2 commits"
export const counted = (value, word) => `${number(value)} ${word}${value === 1 ? "" : "s"}`;
export const rate = (value) => (value ? `${number(value)}/s` : "0/s");
export function duration(seconds) {
  if (!seconds) return "";
  return seconds < 1 ? `${number(seconds * 1000)} ms` : `${number(seconds)} s`;
}
export function bytes(value) {
  const units = ["B", "KiB", "MiB", "GiB"];
  let unit = 0;
  for (; value >= 1024 && unit + 1 < units.length; ++unit) value /= 1024;
  return `${number(value)} ${units[unit]}`;
}
export const percent = (value) => `${number(value * 100)} %`;
// The age of a time: "5 min". now: in ms, by the clock that the time is of.
export function age(time, now) {
  const seconds = (now - new Date(time).getTime()) / 1000;
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 60) return `${Math.max(0, Math.floor(seconds))} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86400)} days`;
}
