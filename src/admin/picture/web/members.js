// SPDX-License-Identifier: Apache-2.0
import { el, Table } from "./dom.js";
import { age } from "./format.js";
import { call, live } from "./live.js";

const kAgainAfter = 5_000;

export class Members {
  static title = "Members";
  constructor() {
    this.table = new Table("Members", [
      { title: "Member", text: (row) => row.key },
      { title: "State", text: stateOf, state: (row) => (stateOf(row) === "well" ? "good" : "bad") },
      { title: "Version", text: (row) => row.version },
      { title: "Runs for", text: (row) => (row.startTime ? age(row.startTime, live.time) : "") },
      { title: "Objects", text: (row) => objectsOf(row.objects) },
      { title: "Certificates", text: (row) => certificatesOf(row.certificates) },
      { title: "Address", text: (row) => row.options?.["api-addr"] ?? "" },
    ]);
    this.said = el("p", { role: "status" });
    this.element = el("div", {}, this.said, this.table.element);
    void this.read();
    this.timer = setInterval(() => this.read(), kAgainAfter);
  }
  async read() {
    try {
      const members = await call("/status/members");
      this.table.update(members.map((member) => ({ ...member, key: member.options?.name ?? member.name ?? "" })));
      this.said.textContent = "";
    } catch (error) {
      this.said.textContent = error.message;
    }
  }
  update() {}
  end() {
    clearInterval(this.timer);
  }
}

function stateOf(row) {
  if (row.reachable === false) return "away";
  if (row.health) return row.health;
  return row.objects?.failed ? "well, but for objects" : "well";
}
function certificatesOf(certificates) {
  if (!certificates?.length) return "none";
  const told = certificates.filter((one) => one.state !== "valid").map((one) => `${one.source} ${one.state}`);
  return told.join("; ") || `${certificates.length} valid`;
}
function objectsOf(objects) {
  if (!objects) return "";
  const failures = (objects.failures ?? []).map((one) => `${one.name}: ${one.error}`).join("; ");
  return [`${objects.running} run`, objects.building ? `${objects.building} are being built` : "", objects.failed ? `${objects.failed} failed (${failures})` : ""].filter(Boolean).join(", ");
}
