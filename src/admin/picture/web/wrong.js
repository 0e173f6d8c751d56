// SPDX-License-Identifier: Apache-2.0
// The line on top of every page that says what is wrong now.

import { el, setText } from "./dom.js";

const kShown = 6;

export class WrongNow {
  // section: what is seen; said: what is read out.
  constructor(section, said) {
    this.section = section;
    this.said = said;
    this.list = el("ul");
    this.more = el("p");
    this.items = new Map();
    section.append(this.list, this.more);
  }
  show(troubles) {
    const shown = troubles.slice(0, kShown);
    const wanted = new Set(shown.map(({ what }) => what));
    for (const [what, { element }] of this.items) {
      if (wanted.has(what)) continue;
      element.remove();
      this.items.delete(what);
    }
    shown.forEach(({ page, what, figures }, place) => {
      const item = this.items.get(what) ?? this.add(page, what);
      if (this.list.children[place] !== item.element) this.list.insertBefore(item.element, this.list.children[place] ?? null);
      setText(item.figures, figures ? ` ${figures}` : "");
    });
    const left = troubles.length - shown.length;
    setText(this.more, left > 0 ? `and ${left} more` : "");
    this.section.hidden = troubles.length === 0;
    setText(this.said, troubles.length > 0 ? `Wrong now: ${troubles.map(({ what }) => what).join("; ")}` : "");
  }
  add(page, what) {
    const figures = el("span", { class: "figures" });
    const item = { figures, element: el("li", {}, el("a", { href: `#${page}` }, what), figures) };
    this.items.set(what, item);
    return item;
  }
}
