// SPDX-License-Identifier: Apache-2.0
import { Chart, Charts } from "./chart.js";
import { codeFacts, codeNotes, rollBack } from "./code.js";
import { el, setText } from "./dom.js";
import { number, rate } from "./format.js";
import { live } from "./live.js";

const kFailures = [["trap", "Traps"], ["timeout", "Timeouts"], ["busy", "Busy"]];

// One ProxyWasm filter. `say` shows what has become of a change.
export class Plugin {
  constructor(labels, say) {
    this.labels = labels;
    const place = labels.join(" / ");
    const ofCause = (family, cause) => ({ family, labels: [...labels, cause] });
    const facts = [
      ["Requests", () => rate(live.get("sluice_plugin_requests_total", labels, 1))],
      ["Answered itself", () => rate(live.get("sluice_plugin_answered_total", labels, 1))],
      ["Calls answered", () => rate(live.get("sluice_plugin_calls_total", [...labels, "answered"], 1))],
      ["Calls failed", () => rate(live.get("sluice_plugin_calls_total", [...labels, "failed"], 1))],
      ...kFailures.map(([cause, title]) => [title, () => rate(live.get("sluice_plugin_failures_total", [...labels, cause], 1))]),
      ["Failures in all", () => number(kFailures.reduce((sum, [cause]) => sum + live.get("sluice_plugin_failures_total", [...labels, cause]), 0))],
      ["Guests replaced", () => number(live.get("sluice_plugin_guests_replaced_total", labels))],
      ...codeFacts(this),
    ];
    this.facts = facts.map(([title, text]) => ({ title, text, value: el("dd") }));
    this.note = el("p", { class: "soft" });
    this.back = el("button", { type: "button", onclick: () => rollBack(labels, say), "aria-label": `Roll back the code of ${place}` }, "Roll back…");
    this.charts = new Charts(
      new Chart(`Requests of ${place}`, () => [
        { label: "requests", family: "sluice_plugin_requests_total", labels },
        { label: "answered itself", family: "sluice_plugin_answered_total", labels }], rate, "h3"),
      new Chart(`Calls of ${place}`, () => ["answered", "failed"].map((its) => ({ label: its, ...ofCause("sluice_plugin_calls_total", its) })), rate, "h3"),
      new Chart(`Failures of ${place}`, () => kFailures.map(([cause, title]) => ({ label: title.toLowerCase(), ...ofCause("sluice_plugin_failures_total", cause) })), rate, "h3"));
    const dl = el("dl", { class: "tiles" }, this.facts.map(({ title, value }) => el("div", {}, el("dt", {}, title), value)));
    this.element = el("section", { class: "plugin", "aria-label": place }, el("h2", {}, place), this.note, dl, el("p", { class: "buttons" }, this.back), this.charts.element);
  }
  update() {
    for (const { text, value } of this.facts) setText(value, text());
    setText(this.note, ["ProxyWasm", ...codeNotes(this)].filter(Boolean).join(" · "));
    this.back.hidden = !live.mayChange;
    this.charts.update();
  }
  end() {
    this.charts.end();
  }
}
