// SPDX-License-Identifier: Apache-2.0
import { el } from "./dom.js";
import { live } from "./live.js";

const kLinesMax = 1000; // on the page
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
      if (!response.ok) throw new Error((await response.json()).message);
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) this.take(piece.value);
      this.said.textContent = live.once ? "" : "The stream has ended.";
    } catch (error) {
      if (error.name !== "AbortError") this.said.textContent = error.message;
    }
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
    this.abort.abort();
  }
}

function levelOf(line) {
  return (kLevels.find((level) => line.slice(0, 80).includes(level)) ?? "").toLowerCase();
}
