// SPDX-License-Identifier: Apache-2.0
// The pages of the live picture; the fragment of the address names the one that is shown.

import { Backends } from "./backends.js";
import { Configuration } from "./configuration.js";
import { el, setText } from "./dom.js";
import { Guests } from "./guests.js";
import { live } from "./live.js";
import { Log } from "./log.js";
import { Members } from "./members.js";
import { Overview } from "./overview.js";
import { Pipelines } from "./pipelines.js";
import { choose, range, rangeFields } from "./range.js";
import { Servers } from "./servers.js";
import { Troubles } from "./trouble.js";
import { WrongNow } from "./wrong.js";

const kPages = { overview: Overview, servers: Servers, pipelines: Pipelines, wasmhost: Guests, backends: Backends, members: Members, log: Log, configuration: Configuration };
const kThemes = ["auto", "light", "dark"];
const kLateAfter = 5_000; // ms without an event

const byId = (id) => document.getElementById(id);
const links = Object.entries(kPages).map(([name, page]) => el("a", { href: `#${name}` }, page.title));
// "/?once#servers" shows one moment and then loads nothing more: for a screenshot by a program.
const once = new URLSearchParams(location.search).has("once");
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const troubles = new Troubles();
const wrong = new WrongNow(byId("wrong"), byId("wrong-said"));
let page = null;
let lastEvent = Date.now();

function nameOfPage() {
  const name = location.hash.slice(1);
  return Object.hasOwn(kPages, name) ? name : "overview";
}
function showPage(byReader) {
  page?.end();
  const name = nameOfPage();
  page = new kPages[name]();
  setText(byId("title"), kPages[name].title);
  tellTitle();
  byId("page").replaceChildren(page.element);
  links.forEach((link) => (link.hash === `#${name}` ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current")));
  if (byReader) byId("title").focus();
  page.update();
}
function tellTitle() {
  const title = `${troubles.now.length > 0 ? "▲ " : ""}${kPages[nameOfPage()].title} – Sluice`;
  if (document.title !== title) document.title = title;
}
function update() {
  setText(byId("member"), live.member ? `${live.member} · ${live.version} · times in ${zone}` : "");
  page?.update();
}
function tellState() {
  const late = !live.connected || (!once && Date.now() - lastEvent > kLateAfter);
  // Old figures do not say what is wrong now.
  wrong.show(late ? [] : troubles.now);
  tellTitle();
  byId("state").dataset.live = !late;
  byId("state").dataset.state = late || troubles.now.length > 0 ? "bad" : "good";
  const left = live.leftOut > 0 ? `; ${live.leftOut} figures are left out` : "";
  const now = (once ? `a moment: ${new Date(live.time).toLocaleTimeString("en-GB")}, not live` : "live") + left;
  setText(byId("state"), late ? `no figures: ${live.refusal || "the server is away"}` : now);
}
function setTheme(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  localStorage.setItem("theme", theme);
  page?.update();
}

byId("nav").append(el("ul", {}, links.map((link) => el("li", {}, link))));
const theme = byId("theme");
theme.value = kThemes.includes(localStorage.getItem("theme")) ? localStorage.getItem("theme") : "auto";
theme.addEventListener("change", () => setTheme(theme.value));
setTheme(theme.value);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => page?.update());
byId("span").addEventListener("change", (event) => {
  range.minutes = Number(event.target.value);
  choose(null);
});
byId("range").append(...rangeFields(() => live.time / 1000));
range.listeners.add(() => page?.update());
byId("more").addEventListener("click", () => {
  const open = byId("controls").classList.toggle("open");
  byId("more").setAttribute("aria-expanded", open);
});
byId("skip").addEventListener("click", (event) => {
  event.preventDefault();
  byId("page").focus();
});
addEventListener("hashchange", () => showPage(true));
if (!once) setInterval(tellState, 1000);
live.listeners.add(() => {
  if (live.connected) lastEvent = Date.now();
  if (live.connected) troubles.take(once);
  if (!document.hidden) update();
  tellState();
});
document.addEventListener("visibilitychange", update);
live.start(once);
void live.load(["process_resident_memory_bytes"]);
showPage(false);
