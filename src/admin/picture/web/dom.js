// SPDX-License-Identifier: Apache-2.0
// Elements. A text from the server enters the document as text only, never as markup.

// el("p", {class: "note", onclick: f}, "text", child, …): an attribute that is false or null is
// left out.
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

const kSvg = "http://www.w3.org/2000/svg";
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(kSvg, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// A cell changes only if its text does: a screen reader and the selection stay where they are.
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// The text of a long word, which may break after a dot or a slash.
export function broken(text) {
  return text.split(/(?<=[./])/).flatMap((part, i) => (i > 0 ? [el("wbr"), part] : [part]));
}

// Figures with a title each. facts: [{title, text(), bad(), hash}]; bad: the figure says that something is wrong now.
export class Tiles {
  constructor(facts) {
    this.tiles = facts.map((fact) => {
      const value = el("dd", { class: fact.hash ? "hash" : null });
      return { ...fact, value, element: el("div", {}, el("dt", {}, fact.title), value) };
    });
    this.element = el("dl", { class: "tiles" }, this.tiles.map((tile) => tile.element));
  }
  // known: whether there are figures at all.
  update(known) {
    for (const { text, bad, value, element } of this.tiles) {
      setText(value, (known && text()) || "–");
      element.dataset.state = known && bad?.() ? "bad" : "";
    }
  }
}

const kLong = 48; // characters: a longer text has several lines
// A table whose rows come and go. columns: [{title, text(row), number}]. A row has a `key`.
export class Table {
  constructor(caption, columns) {
    this.columns = columns;
    this.rows = new Map();
    this.body = el("tbody");
    this.empty = el("p", { class: "empty" }, `${caption}: none.`);
    const head = el("tr", {}, columns.map((c) => el("th", { scope: "col", class: c.number ? "number" : null }, c.title)));
    const table = el("table", {}, el("caption", {}, caption), el("thead", {}, head), this.body);
    this.scroll = scrolling(caption, table);
    this.element = el("div", {}, this.scroll, this.empty);
  }

  update(rows) {
    const keys = new Set(rows.map((row) => row.key));
    for (const [key, line] of this.rows) {
      if (keys.has(key)) continue;
      line.remove();
      this.rows.delete(key);
    }
    rows.forEach((row, place) => {
      let line = this.rows.get(row.key);
      if (!line) {
        line = el("tr", {}, this.columns.map((c, i) => el(i === 0 ? "th" : "td", { scope: i === 0 ? "row" : null, class: c.number ? "number" : null })));
        this.rows.set(row.key, line);
      }
      if (this.body.children[place] !== line) this.body.insertBefore(line, this.body.children[place] ?? null);
      this.columns.forEach((c, i) => {
        const text = c.text(row) || "–";
        setText(line.children[i], text);
        line.children[i].classList.toggle("long", text.length > kLong);
        if (c.state) line.children[i].dataset.state = c.state(row) ?? "";
      });
    });
    this.scroll.hidden = rows.length === 0;
    this.empty.hidden = rows.length > 0;
  }
}

// A table in a region that scrolls, and says so where it does.
export function scrolling(name, table) {
  const region = el("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": name }, table);
  const hint = el("p", { class: "soft hint", hidden: true }, "The table goes on to the right →");
  const observer = new ResizeObserver(() => (hint.hidden = region.scrollWidth <= region.clientWidth + 1));
  observer.observe(region);
  observer.observe(table);
  return el("div", {}, hint, region);
}

// Asks before an action that changes something. Resolves with true or false.
export function confirmed(title, text, action) {
  return new Promise((resolve) => {
    const dialog = el("dialog", { "aria-labelledby": "dialog-title" }, el("h2", { id: "dialog-title" }, title), el("p", {}, text),
      el("p", { class: "buttons" },
        el("button", { type: "button", onclick: () => dialog.close("no") }, "Cancel"),
        el("button", { type: "button", class: "danger", onclick: () => dialog.close("yes") }, action)));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
