// SPDX-License-Identifier: Apache-2.0
// The flash sale as a component by componentize-qjs, without an SDK: the world of sdk/wit as it is. X-Mode asks for a
// fault.
import request from "sluice:gateway/request@1.0.0";
import response from "sluice:gateway/response@1.0.0";
import cluster from "sluice:gateway/cluster@1.0.0";
import host from "sluice:gateway/host@1.0.0";

// QuickJS has no TextEncoder. Names of users stay bytes.
const bytes = (ascii) => Array.from(ascii, (letter) => letter.charCodeAt(0));
const text = (list) => String.fromCharCode(...list);

let start = 0n;
let ratio = 0;
let most = 0;

export function configure(params) {
  const given = new Map(params);
  if (given.has("fail")) throw given.get("fail");
  start = BigInt(Date.parse(given.get("startTime") ?? "1970-01-01T00:00:00Z"));
  ratio = Number(given.get("blockRatio") ?? 0);
  most = Number(given.get("maxPermission") ?? 0);
}

const faults = {
  throw: () => { throw new Error("nö"); },
  loop: () => { for (;;); },
  memory: () => { for (const all = [];;) all.push("x".repeat(1 << 20) + all.length); },
  deep: () => faults.deep() + 1,
  wrong: () => 17,
};

function refuse(why, result) {
  response.setBody(bytes(`${why}\n`));
  return result;
}

export function run() {
  const mode = text(request.getHeader(bytes("X-Mode")));
  if (mode) return faults[mode]();
  if (host.now() < start) return refuse("not start yet.", 1);
  const key = [...bytes("id/"), ...request.getHeader(bytes("Authorization"))];
  const known = text(cluster.getString(key));
  if (known === "true") return 0;
  if (known === "false" || host.rand() < ratio) {
    cluster.putString(key, bytes("false"));
    return refuse("not lucky.", 2);
  }
  if (cluster.countKey(bytes("id/")) >= most) return refuse("sold out.", 2);
  cluster.putString(key, bytes("true"));
  return 0;
}
