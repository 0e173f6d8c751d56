// SPDX-License-Identifier: Apache-2.0
// Does what X-Mode says; see README.md in the folder above.

let out;
let sum = 0;
let given = [];
let ratio = 0;

export function init() {
  given = [
    parameter.text("greeting", "hello ü"),
    parameter.integer("amount", -7),
    parameter.boolean("open", true),
    parameter.duration("wait", "1m30s"),
    parameter.time("start", "2026-11-27 20:00 Europe/Berlin"),
  ];
  ratio = parameter.number("ratio", 0.5);
}

const say = (name, value) => (out += `${name}=${value}\n`);
const sayOk = (name, good) => say(name, good ? "ok" : "wrong");

function allOf(headers, wanted) {
  const names = [...headers.keys()].filter((name) => name.toLowerCase() === wanted.toLowerCase());
  return names.flatMap((name) => headers.get(name)).join("|");
}

const pair = (cookie) => `${cookie.name}:${cookie.value}`;
const allCookies = () => request.getAllCookie().map(pair).join("|");

function readRequest() {
  say("realIp", request.getRealIp());
  say("scheme", request.getScheme());
  say("proto", request.getProto());
  say("method", request.getMethod());
  say("host", request.getHost());
  say("path", request.getPath());
  say("escapedPath", request.getEscapedPath());
  say("query", request.getQuery());
  say("fragment", request.getFragment());
  say("user", request.getHeader("x-user"));
  say("missing", request.getHeader("X-Missing"));
  say("many", allOf(request.getAllHeader(), "X-Many"));
  say("cookie", pair(request.getCookie("a")));
  sayOk("noCookie", request.getCookie("z") === null);
  say("cookies", allCookies());
  say("body", request.getBody());
}

function changeRequest() {
  request.setMethod("PUT");
  request.setHost("probe.example:8080");
  request.setPath("/n w/ü");
  request.setQuery("r=%20");
  request.setHeader("X-Set", "old");
  request.setHeader("X-Set", "new");
  request.addHeader("X-Set", "more");
  request.setHeader("X-Gone", "x");
  request.delHeader("x-gone");
  request.addCookie({ name: "c", value: "3=3" });
  request.setBody("new body");
  say("method", request.getMethod());
  say("host", request.getHost());
  say("path", request.getPath());
  say("query", request.getQuery());
  say("set", allOf(request.getAllHeader(), "X-Set"));
  say("gone", request.getHeader("X-Gone"));
  say("cookies", allCookies());
  say("body", request.getBody());
  request.setAllHeader({ "X-Whole": ["1", "2\r\nInjected: yes"] });
  say("whole", allOf(request.getAllHeader(), "X-Whole"));
}

function changeResponse() {
  say("status", response.getStatusCode());
  response.setStatusCode(201);
  say("status", response.getStatusCode());
  response.setHeader("X-R", "new");
  response.addHeader("X-R", "more");
  response.setHeader("X-Gone", "x");
  response.delHeader("X-Gone");
  say("response", response.getHeader("x-r"));
  say("response", allOf(response.getAllHeader(), "X-R"));
  response.setAllHeader({ "X-Whole": ["a", "b"] });
  const made = new cookie.Cookie("wasm", "a=b", {
    path: "/shop",
    domain: "example.com; x",
    rawExpires: "Thu, 01 Jan 1970 00:00:00 GMT",
    maxAge: 3600,
    secure: true,
    httpOnly: true,
    sameSite: cookie.SameSite.LaxMode,
  });
  response.setCookie(made);
  const again = cookie.Cookie.unmarshal(made.marshal());
  sayOk("parsed", again !== null);
  say("setCookie", again.marshal());
  response.setBody("first");
  say("body", response.getBody());
}

function shareData() {
  const binary = Uint8Array.from({ length: 256 }, (_, i) => i);
  say("count", cluster.countKey("e/"));
  cluster.putBinary("e/b", binary);
  sayOk("binary", cluster.getBinary("e/b").join() === binary.join());
  say("none", cluster.getString("e/none"));
  cluster.putString("e/zwölf", "时间 😀");
  say("string", cluster.getString("e/zwölf"));
  cluster.putInteger("e/i", -(2n ** 63n));
  say("integer", cluster.getInteger("e/i"));
  cluster.putInteger("e/i", 40);
  say("sum", cluster.addInteger("e/i", -3));
  cluster.putFloat("e/f", 0.5);
  sayOk("float", cluster.getFloat("e/f") === 0.5);
  sayOk("floatSum", cluster.addFloat("e/f", 1.25) === 1.75);
  say("count", cluster.countKey("e/"));
  cluster.delete("e/f");
  cluster.delete("e/none");
  say("count", cluster.countKey("e/"));
}

function every() {
  readRequest();
  changeRequest();
  changeResponse();
  shareData();
  addTag("tag é");
  log.debug("every debug");
  log.info("every info");
  log.warn("every warning");
  log.error("every error");
  sayOk("now", now() > 1600000000000);
  const number = rand();
  sayOk("rand", number >= 0 && number < 1);
  say("date", parseDate("2026-11-27 20:00", "Europe/Berlin"));
  say("parameters", given.join("|"));
  sayOk("number", ratio === 0.5);
  response.setBody(out);
}

const depth = (n) => 1 + depth(n + 1);

const misbehave = {
  loop() {
    while (true) ++sum;
  },
  recurse() {
    depth(1);
  },
  grow() {
    const all = [];
    while (true) all.push(new Uint8Array(1 << 20));
  },
  exception() {
    throw new Error("thrown by every");
  },
};

const outside = { file: ["require", "Deno", "std"], environment: ["process", "os"], socket: ["fetch", "WebSocket"] };

export function run() {
  const mode = request.getHeader("X-Mode");
  const key = request.getHeader("X-Key");
  out = "";
  if (mode === "every") {
    every();
  } else if (mode === "put") {
    cluster.putString(key, request.getHeader("X-Value"));
    response.setBody(key);
  } else if (mode === "get") {
    response.setBody(cluster.getString(key));
  } else {
    misbehave[mode]?.();
    response.setBody((outside[mode] ?? []).some((name) => name in globalThis) ? "there" : "none");
  }
  return 0;
}
