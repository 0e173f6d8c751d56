// SPDX-License-Identifier: Apache-2.0
import { Chart, Charts } from "./chart.js";
import { codeFacts, codeNotes, readCodes, rollBack } from "./code.js";
import { confirmed, el, setText } from "./dom.js";
import { number, rate } from "./format.js";
import { call, live } from "./live.js";
import { Plugin } from "./plugins.js";

const kRuns = "sluice_filter_duration_seconds";
const kCodeAfter = 5_000; // the hash of the code shows after so many ms

// One WasmHost filter. `say` shows what has become of a change.
class Guest {
  constructor(labels, say) {
    this.labels = labels;
    const [pipeline, filter] = labels;
    this.place = `${pipeline} / ${filter}`;
    this.meter = el("meter", { min: "0", low: "0", "aria-label": `Permits given of ${this.place}` });
    this.permits = el("strong", { class: "permits" });
    this.note = el("span", { class: "soft" });
    const facts = [
      ["Requests", () => rate(this.get("sluice_guest_requests_total", 1))],
      ["Keys", () => number(this.get("sluice_data_keys"))],
      ["Conflicts", () => rate(this.get("sluice_guest_conflicts_total", 1))],
      ["Runs again", () => rate(this.get("sluice_guest_reruns_total", 1))],
      ["Timeouts", () => rate(live.get("sluice_guest_failures_total", [...labels, "timeout"], 1))],
      ["Errors", () => rate(live.get("sluice_guest_failures_total", [...labels, "error"], 1))],
      ["Store too slow", () => rate(live.get("sluice_guest_failures_total", [...labels, "store"], 1))],
      ["Waiting", () => number(this.get("sluice_guests_waiting"))],
      ["Guests", () => number(this.get("sluice_guests_alive"))],
      ["Not durable yet", () => `${number(this.get("sluice_data_durable_lag_commits"))} commits`],
      ...codeFacts(this),
    ];
    this.back = el("button", { type: "button", onclick: () => rollBack(labels, say), "aria-label": `Roll back the code of ${this.place}` }, "Roll back…");
    this.facts = facts.map(([title, text]) => ({ title, text, value: el("dd") }));
    const dl = el("dl", { class: "tiles" }, this.facts.map(({ title, value }) => el("div", {}, el("dt", {}, title), value)));
    const results = () => live.rows(kRuns).filter((row) => row.labels[0] === pipeline && row.labels[1] === filter)
      .map((row) => ({ label: row.labels[3], family: kRuns, labels: row.labels }));
    this.charts = new Charts(
      new Chart(`Permits given of ${this.place}`, () => [
        { label: this.limited() ? "given" : "keys", family: this.limited() ? "sluice_data_limit_used_keys" : "sluice_data_keys", labels },
        ...(this.limited() ? [{ label: "limit", family: "sluice_data_limit_keys", labels }] : [])], number, "h3"),
      new Chart(`Results of ${this.place}`, results, rate, "h3"),
      new Chart(`Conflicts of ${this.place}`, () => [
        { label: "conflicts", family: "sluice_guest_conflicts_total", labels },
        { label: "timeouts", family: "sluice_guest_failures_total", labels: [...labels, "timeout"] }], rate, "h3"));
    this.element = el("section", { class: "guest", "aria-label": this.place }, el("h2", {}, this.place), el("p", { class: "sale" }, this.permits, " ", this.note), this.meter, dl, el("p", { class: "buttons" }, this.back), this.charts.element);
  }
  get(name, column = 0) {
    return live.get(name, this.labels, column);
  }
  limited() {
    return live.has("sluice_data_limit_keys", this.labels);
  }
  update() {
    const limit = this.get("sluice_data_limit_keys");
    const used = this.get("sluice_data_limit_used_keys");
    this.meter.hidden = !this.limited();
    this.meter.max = Math.max(limit, 1);
    this.meter.value = used;
    this.element.dataset.permits = this.limited() ? used : this.get("sluice_data_keys");
    setText(this.permits, this.limited() ? `${number(used)} of ${number(limit)} permits given` : `${number(this.get("sluice_data_keys"))} keys, no limit`);
    const soldOut = this.limited() && used >= limit;
    const sealed = this.get("sluice_data_sealed") > 0;
    setText(this.note, [soldOut ? "sold out" : "", sealed ? "sealed" : "", ...codeNotes(this)].filter(Boolean).join(" · "));
    for (const { text, value } of this.facts) setText(value, text());
    this.back.hidden = !live.mayChange;
    this.charts.update();
  }
  end() {
    this.charts.end();
  }
}

export class Guests {
  static title = "Wasm";
  constructor() {
    this.guests = new Map(); // and plugins, by kind and labels
    this.said = el("p", { role: "status", class: "said" });
    this.reload = el("button", { type: "button", onclick: () => this.reloadCode() }, "Reload code…");
    this.list = el("div");
    this.empty = el("p", { class: "empty" }, "No WasmHost or ProxyWasm filter runs.");
    this.element = el("div", {}, el("p", { class: "buttons" }, this.reload), this.said, this.empty, this.list);
    void this.readCode();
    this.timer = setInterval(() => this.readCode(), kCodeAfter);
  }
  async readCode() {
    await readCodes([...this.guests.values()]);
    for (const guest of this.guests.values()) guest.update();
  }
  async say(text) {
    setText(this.said, text);
    await this.readCode();
  }
  async reloadCode() {
    const text = "Every filter with code reads it again, here and on all members of the cluster. Requests go on; shared data stays.";
    if (!(await confirmed("Reload the code of all filters?", text, "Reload"))) return;
    setText(this.said, "Reloading…");
    try {
      const answer = await call("/wasm/code", { method: "POST" });
      setText(this.said, answer.reloaded.map((one) => `${one.pipeline}/${one.filter}: ${one.changed ? "new code" : "unchanged"}, ${one.codeHash.slice(0, 12)}`).join("; ") || "There is no code to reload.");
      await this.readCode();
    } catch (error) {
      setText(this.said, `Not reloaded: ${error.message}`);
    }
  }
  update() {
    // Each filter with code has a figure of it, and a WasmHost the number of its guests as well.
    const rows = new Map(live.rows("sluice_guest_code_info").map(({ labels: [pipeline, filter] }) => {
      const kind = live.has("sluice_guests_alive", [pipeline, filter]) ? Guest : Plugin;
      return [JSON.stringify([kind.name, pipeline, filter]), { kind, labels: [pipeline, filter] }];
    }));
    let added = false;
    for (const [key, guest] of this.guests) {
      if (rows.has(key)) continue;
      guest.end();
      guest.element.remove();
      this.guests.delete(key);
    }
    for (const [key, { kind, labels }] of rows) {
      if (this.guests.has(key)) continue;
      const guest = new kind(labels, (text) => this.say(text));
      this.guests.set(key, guest);
      this.list.append(guest.element);
      added = true;
    }
    if (added) void this.readCode();
    this.reload.hidden = !live.mayChange || rows.size === 0;
    this.empty.hidden = rows.size > 0;
    for (const guest of this.guests.values()) guest.update();
  }
  end() {
    clearInterval(this.timer);
    for (const guest of this.guests.values()) guest.end();
  }
}
