// SPDX-License-Identifier: Apache-2.0
import { broken, el, scrolling } from "./dom.js";
import { call } from "./live.js";

const kOfTheServer = ["createdAt", "kind", "name"]; // set by it, or in the title

const isMap = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const isEmpty = (value) => value === "" || value === false || value === 0 || value === null || (typeof value === "object" && Object.keys(value).length === 0);

function fieldOf(schema, name) {
  if (Object.hasOwn(schema?.properties ?? {}, name)) return schema.properties[name];
  return isMap(schema?.additionalProperties) ? schema.additionalProperties : undefined;
}

// [[path, value, differs, default]] of all leaves, by the defaults of a schema. A field without a default differs unless it
// is empty.
export function leaves(value, schema, path) {
  if (isMap(value) && Object.keys(value).length > 0) {
    return Object.entries(value).flatMap(([name, its]) => leaves(its, fieldOf(schema, name), path ? `${path}.${name}` : name));
  }
  if (value === undefined) return [];
  if (Array.isArray(value) && value.some((its) => typeof its === "object")) {
    return value.flatMap((its, i) => leaves(its, schema?.items, `${path}[${i}]`));
  }
  const differs = schema?.default === undefined ? !isEmpty(value) : !same(value, schema.default);
  return [[path, value, differs, schema?.default]];
}

const textOf = (value) => (typeof value === "string" ? value : JSON.stringify(value));
const defaultText = (value) => (value === undefined || value === "" ? "–" : textOf(value));

export class Configuration {
  static title = "Configuration";
  constructor() {
    this.only = el("input", { type: "checkbox", id: "only", checked: true, onchange: () => this.show() });
    this.list = el("div", { class: "objects" });
    this.said = el("p", { role: "status" }, "Reading…");
    this.objects = [];
    this.element = el("div", {}, el("p", { class: "controls" }, this.only, el("label", { for: "only" }, " only what differs from the defaults")), this.said, this.list);
    void this.read();
  }
  async read() {
    try {
      const specs = await call("/objects");
      const schemas = new Map();
      const once = (path) => {
        if (!schemas.has(path)) schemas.set(path, call(path).catch(() => ({})));
        return schemas.get(path);
      };
      this.objects = await Promise.all(specs.map(async (spec) => {
        const { filters, resilience, ...rest } = spec;
        // A node without an alias has the name of its filter as one.
        rest.flow = rest.flow?.map(({ alias, ...node }) => (alias && alias !== node.filter ? { ...node, alias } : node));
        for (const name of kOfTheServer) delete rest[name];
        const rows = leaves(rest, await once(`/metadata/objects/${spec.kind}/schema`), "");
        for (const policy of resilience ?? []) {
          const schema = await once(`/metadata/objects/pipeline/resilience/${policy.kind}/schema`);
          rows.push(...leaves(policy, schema, `resilience.${policy.name}`));
        }
        for (const filter of filters ?? []) {
          const schema = await once(`/metadata/objects/pipeline/filters/${filter.kind}/schema`);
          rows.push(...leaves(filter, schema, `filters.${filter.name}`));
        }
        return { name: spec.name, kind: spec.kind, rows };
      }));
      this.said.textContent = this.objects.length ? "" : "There is no object.";
      this.show();
    } catch (error) {
      this.said.textContent = error.message;
    }
  }
  show() {
    this.list.replaceChildren(...this.objects.map((object) => {
      const rows = object.rows.filter(([, , differs]) => differs || !this.only.checked);
      const body = rows.map(([path, value, differs, byDefault]) => el("tr", { class: differs ? "differs" : null }, el("th", { scope: "row" }, broken(path)), el("td", {}, textOf(value)), el("td", {}, differs ? defaultText(byDefault) : "the same")));
      const title = `${object.kind} ${object.name}`;
      return el("details", { open: this.objects.length < 12 }, el("summary", {}, title), scrolling(title, el("table", {}, el("thead", {}, el("tr", {}, ["Field", "Value", "Default"].map((name) => el("th", { scope: "col" }, name)))), el("tbody", {}, body))));
    }));
  }
  update() {}
  end() {}
}
