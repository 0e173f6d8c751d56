// SPDX-License-Identifier: Apache-2.0
import { Chart, Charts } from "./chart.js";
import { codeFacts, codeNotes, lastFailure, readCodes, rollBack } from "./code.js";
import { confirmed, el, setText, Tiles } from "./dom.js";
import { counted, number, rate } from "./format.js";
import { call, live } from "./live.js";
import { Plugin } from "./plugins.js";

const kRuns = "sluice_filter_duration_seconds";
const kFailures = "sluice_guest_failures_total";
const kCauses = [["error", "Errors"], ["store", "Store too slow"], ["timeout", "Timeouts"], ["outOfVM", "Out of guests"]];
const kCodeAfter = 5_000; // the hash of the code shows after so many ms

// One WasmHost filter. `say` shows what has become of a change.
class Guest {
  constructor(labels, say) {
    this.labels = labels;
    const [pipeline, filter] = labels;
    this.place = `${pipeline} / ${filter}`;
    this.meter = el("meter", { min: "0", low: "0", "aria-label": `Permits given of ${this.place}` });
    this.permits = el("strong", { class: "permits" });
    this.soldOut = el("strong", { class: "badge" }, "sold out");
    this.noStore = el("a", { class: "badge bad", href: "#members" }, "the store does not write");
    this.note = el("span", { class: "soft" });
    this.failure = el("p", { class: "failure" });
    const failing = (cause) => live.get(kFailures, [...labels, cause], 1);
    const lag = () => this.get("sluice_data_durable_lag_commits");
    this.tiles = new Tiles([
      { title: "Requests", text: () => rate(this.get("sluice_guest_requests_total", 1)) },
      ...kCauses.map(([cause, title]) => ({ title, text: () => rate(failing(cause)), bad: () => failing(cause) > 0 })),
      { title: "Conflicts", text: () => rate(this.get("sluice_guest_conflicts_total", 1)) },
      { title: "Runs again", text: () => rate(this.get("sluice_guest_reruns_total", 1)) },
      { title: "Keys", text: () => number(this.get("sluice_data_keys")) },
      { title: "Waiting", text: () => number(this.get("sluice_guests_waiting")) },
      { title: "Guests", text: () => number(this.get("sluice_guests_alive")) },
      { title: "Not durable yet", text: () => counted(lag(), "commit") },
      ...codeFacts(this),
    ]);
    this.back = el("button", { type: "button", onclick: () => rollBack(labels, say), "aria-label": `Roll back the code of ${this.place}` }, "Roll back…");
    const results = () => live.rows(kRuns).filter((row) => row.labels[0] === pipeline && row.labels[1] === filter)
      .map((row) => ({ label: row.labels[3], family: kRuns, labels: row.labels }));
    this.charts = new Charts(
      new Chart(this.limited() ? `Permits given of ${this.place}` : `Keys of ${this.place}`, () => [
        { label: this.limited() ? "given" : "keys", family: this.limited() ? "sluice_data_limit_used_keys" : "sluice_data_keys", labels },
        ...(this.limited() ? [{ label: "limit", family: "sluice_data_limit_keys", labels }] : [])], number, "h3"),
      new Chart(`Results of ${this.place}`, results, rate, "h3"),
      new Chart(`Failures of ${this.place}`, () => kCauses.map(([cause, title]) => ({ label: title.toLowerCase(), family: kFailures, labels: [...labels, cause] })), rate, "h3"),
      new Chart(`Conflicts of ${this.place}`, () => [
        { label: "conflicts", family: "sluice_guest_conflicts_total", labels },
        { label: "runs again", family: "sluice_guest_reruns_total", labels }], rate, "h3"));
    this.element = el("section", { class: "guest", "aria-label": this.place }, el("h2", {}, this.place), el("p", { class: "sale" }, this.permits, " ", this.soldOut, " ", this.noStore, " ", this.note), this.meter, this.failure, this.tiles.element, el("p", { class: "buttons" }, this.back), this.charts.element);
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
    this.soldOut.hidden = !soldOut;
    this.noStore.hidden = !(live.has("sluice_store_healthy", []) && live.get("sluice_store_healthy", []) === 0);
    setText(this.note, [sealed ? "sealed" : "", ...codeNotes(this)].filter(Boolean).join(" · "));
    lastFailure(this);
    this.tiles.update(live.time > 0);
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
      // One that gets a limit, or loses it, is drawn anew.
      const limited = live.has("sluice_data_limit_keys", [pipeline, filter]);
      return [JSON.stringify([kind.name, pipeline, filter, limited]), { kind, labels: [pipeline, filter] }];
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
