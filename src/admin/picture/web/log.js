// SPDX-License-Identifier: Apache-2.0
import { el, setText } from "./dom.js";
import { live } from "./live.js";

const kLinesMax = 1000; // on the page
const kAgainAfter = 3_000; // ms
const kLevels = ["ERROR", "WARN", "INFO", "DEBUG"];

export class Log {
  static title = "Log";
  constructor() {
    this.lines = [];
    this.begun = "";
    this.pre = el("pre", { class: "log", tabindex: "0", role: "log", "aria-label": "The process log, newest line last", "aria-live": "off" });
    this.word = el("input", { type: "search", id: "log-word", autocomplete: "off", oninput: () => this.show() });
    this.hold = el("input", { type: "checkbox", id: "log-hold", checked: true });
    this.said = el("p", { role: "status" });
    this.element = el("div", {}, el("p", { class: "controls" }, el("label", { for: "log-word" }, "Lines with "), this.word, " ", el("span", { class: "together" }, this.hold, el("label", { for: "log-hold" }, " follow the end"))), this.said, this.pre);
    this.abort = new AbortController();
    void this.follow();
  }
  async follow() {
    try {
      const response = await fetch(`/apis/v2/logs?tail=300&follow=${!live.once}`, { headers: { Accept: "text/plain" }, signal: this.abort.signal });
      if (!response.ok) throw Object.assign(new Error((await response.json()).message), { status: response.status });
      this.lines = [];
      this.begun = "";
      setText(this.said, "");
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) this.take(piece.value);
      if (!live.once) this.followAgain("The stream has ended.");
    } catch (error) {
      if (error.name === "AbortError") return;
      this.followAgain(error.message, error.status);
    }
  }
  // After a restart of the server, from its last lines. What it refuses for good is not asked for again.
  followAgain(reason, status) {
    const forGood = status >= 400 && status < 500 && status !== 429;
    setText(this.said, forGood ? reason : `${reason} Following again…`);
    if (forGood || live.once) return;
    this.timer = setTimeout(() => this.follow(), kAgainAfter);
  }
  take(text) {
    const lines = (this.begun + text).split("\n");
    this.begun = lines.pop();
    this.lines.push(...lines);
    this.lines.splice(0, Math.max(0, this.lines.length - kLinesMax));
    this.show();
  }
  show() {
    const word = this.word.value.toLowerCase();
    const shown = this.lines.filter((line) => line.toLowerCase().includes(word));
    this.pre.replaceChildren(...shown.map((line) => el("span", { class: `line ${levelOf(line)}` }, `${line}\n`)));
    if (this.hold.checked) this.pre.scrollTop = this.pre.scrollHeight;
  }
  update() {}
  end() {
    clearTimeout(this.timer);
    this.abort.abort();
  }
}

function levelOf(line) {
  return (kLevels.find((level) => line.slice(0, 80).includes(level)) ?? "").toLowerCase();
}
