// SPDX-License-Identifier: Apache-2.0
import { Chart, Charts } from "./chart.js";
import { codeFacts, codeNotes, lastFailure, rollBack } from "./code.js";
import { el, setText, Tiles } from "./dom.js";
import { number, rate } from "./format.js";
import { live } from "./live.js";

const kFailures = [["trap", "Traps"], ["timeout", "Timeouts"], ["busy", "Busy"]];

// One ProxyWasm filter. `say` shows what has become of a change.
export class Plugin {
  constructor(labels, say) {
    this.labels = labels;
    const place = labels.join(" / ");
    const ofCause = (family, cause) => ({ family, labels: [...labels, cause] });
    const rateOf = (family, cause) => live.get(family, [...labels, cause], 1);
    const countedRate = (title, family, cause, isBad) => ({ title, text: () => rate(rateOf(family, cause)), bad: () => isBad && rateOf(family, cause) > 0 });
    this.tiles = new Tiles([
      { title: "Requests", text: () => rate(live.get("sluice_plugin_requests_total", labels, 1)) },
      { title: "Answered itself", text: () => rate(live.get("sluice_plugin_answered_total", labels, 1)) },
      countedRate("Calls answered", "sluice_plugin_calls_total", "answered", false),
      countedRate("Calls failed", "sluice_plugin_calls_total", "failed", true),
      ...kFailures.map(([cause, title]) => countedRate(title, "sluice_plugin_failures_total", cause, true)),
      { title: "Failures in all", text: () => number(kFailures.reduce((sum, [cause]) => sum + live.get("sluice_plugin_failures_total", [...labels, cause]), 0)) },
      { title: "Guests replaced", text: () => number(live.get("sluice_plugin_guests_replaced_total", labels)) },
      ...codeFacts(this),
    ]);
    this.failure = el("p", { class: "failure" });
    this.note = el("p", { class: "soft" });
    this.back = el("button", { type: "button", onclick: () => rollBack(labels, say), "aria-label": `Roll back the code of ${place}` }, "Roll back…");
    this.charts = new Charts(
      new Chart(`Requests of ${place}`, () => [
        { label: "requests", family: "sluice_plugin_requests_total", labels },
        { label: "answered itself", family: "sluice_plugin_answered_total", labels }], rate, "h3"),
      new Chart(`Calls of ${place}`, () => ["answered", "failed"].map((its) => ({ label: its, ...ofCause("sluice_plugin_calls_total", its) })), rate, "h3"),
      new Chart(`Failures of ${place}`, () => kFailures.map(([cause, title]) => ({ label: title.toLowerCase(), ...ofCause("sluice_plugin_failures_total", cause) })), rate, "h3"));
    this.element = el("section", { class: "plugin", "aria-label": place }, el("h2", {}, place), this.note, this.failure, this.tiles.element, el("p", { class: "buttons" }, this.back), this.charts.element);
  }
  update() {
    lastFailure(this);
    this.tiles.update(live.time > 0);
    setText(this.note, ["ProxyWasm", ...codeNotes(this)].filter(Boolean).join(" · "));
    this.back.hidden = !live.mayChange;
    this.charts.update();
  }
  end() {
    this.charts.end();
  }
}
