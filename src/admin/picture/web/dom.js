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

// A table whose rows come and go. columns: [{title, text(row), number}]. A row has a `key`.
export class Table {
  constructor(caption, columns) {
    this.columns = columns;
    this.rows = new Map();
    this.body = el("tbody");
    this.empty = el("p", { class: "empty" }, `${caption}: none.`);
    const head = el("tr", {}, columns.map((c) => el("th", { scope: "col", class: c.number ? "number" : null }, c.title)));
    const table = el("table", {}, el("caption", {}, caption), el("thead", {}, head), this.body);
    this.scroll = el("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": caption }, table);
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
        setText(line.children[i], c.text(row) || "–");
        if (c.state) line.children[i].dataset.state = c.state(row) ?? "";
      });
    });
    this.scroll.hidden = rows.length === 0;
    this.empty.hidden = rows.length > 0;
  }
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
