// SPDX-License-Identifier: Apache-2.0
// The code of a filter, as its status has it, and the way back to code that ran before.

import { confirmed, setText } from "./dom.js";
import { age } from "./format.js";
import { call, live } from "./live.js";

const kShownDigits = 12; // of a hash

// The facts about the code of a section, whose `code` is the status of its filter.
export function codeFacts(section) {
  return [
    { title: "Code", hash: true, text: () => (section.code?.codeHash ?? "").slice(0, kShownDigits) },
    { title: "Code loaded", text: () => (section.code ? `${age(section.code.loadedAt, live.time)} ago` : "") },
  ];
}

export function codeNotes({ code }) {
  return [code?.health && code.health !== "ready" ? code.health : "", code?.codeNote ?? ""];
}

// The last failure of the filter, of which a program has written a part.
export function lastFailure({ code, failure }) {
  failure.hidden = !code?.lastFailure;
  setText(failure, code?.lastFailure ? `Last failure: ${code.lastFailure}` : "");
}

// Reads the status of the filters of sections.
export async function readCodes(sections) {
  for (const name of new Set(sections.map(({ labels }) => labels[0]))) {
    try {
      const status = await call(`/status/objects/${encodeURIComponent(name)}`);
      const own = Array.isArray(status) ? status[0] : status;
      for (const section of sections) {
        if (section.labels[0] === name) section.code = findCode(own, section.labels[1]);
      }
    } catch {
      // The pipeline has just gone.
    }
  }
}

// The status of a filter in that of its pipeline, which may list members.
function findCode(status, filter) {
  if (!status || typeof status !== "object") return undefined;
  if (Object.hasOwn(status.filters ?? {}, filter)) return status.filters[filter];
  return Object.values(status).map((its) => (typeof its === "object" ? findCode(its, filter) : undefined)).find(Boolean);
}

// To the newest code before, that was not rolled back: as `egctl wasm rollback` does. `say` shows what becomes of it.
export async function rollBack(labels, say) {
  const place = labels.join(" / ");
  const path = `/wasm/code/${labels.map(encodeURIComponent).join("/")}`;
  try {
    const codes = (await call(path)).codes;
    const target = codes.find((code) => !code.runs && !code.rolledBack);
    if (!target) return say(`${place} has run no other code that it could go back to.`);
    const told = (code) => `${code.sha256.slice(0, kShownDigits)} (${code.how} by ${code.by}, ${age(code.at, live.time)} ago)`;
    const text = `It runs ${told(codes[0])}, and would run ${told(target)} again, here and on all members of the cluster. Requests go on; shared data stays.`;
    if (!(await confirmed(`Roll back the code of ${place}?`, text, "Roll back"))) return;
    say("Rolling back…");
    const answer = await call(`${path}/rollback?to=${target.sha256}&from=${codes[0].sha256}`, { method: "POST" });
    say(answer.reloaded.map((one) => `${one.pipeline}/${one.filter}: back to ${one.codeHash.slice(0, kShownDigits)}`).join("; "));
  } catch (error) {
    say(`Not rolled back: ${error.message}`);
  }
}
