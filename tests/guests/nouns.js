// SPDX-License-Identifier: Apache-2.0
// Calls each function of a script and throws if one does not do what it should.

function same(got, expected) {
  const [a, b] = [JSON.stringify(got), JSON.stringify(expected)];
  if (a !== b) throw new Error(`got ${a}, expected ${b}`);
}

export function init(given) {
  same(given.a, "ä");
}

function requests() {
  same(request.getRealIp(), "127.0.0.1");
  same(request.getScheme(), "http");
  same(request.getProto(), "HTTP/1.1");
  same(request.getMethod(), "POST");
  same(request.getPath(), "/x y");
  same(request.getEscapedPath(), "/x%20y");
  same(request.getQuery(), "q=1");
  same(request.getFragment(), "");
  same(request.getHost().startsWith("127.0.0.1"), true);
  same(request.getHeader("X-Name"), "value");
  same(request.getHeader("X-None"), "");
  same(request.getAllHeader().get("X-Name") ?? request.getAllHeader().get("x-name"), ["value"]);
  same(request.getCookie("sid").value, "abc");
  same(request.getCookie("none"), null);
  same(request.getAllCookie().map((one) => one.pair()), ["sid=abc", "b=c"]);
  same([...request.getBodyBytes()], [0xff, 0, 0x41, 0xc3, 0xa4]);
  same(request.getBody(), "\udcff\0Aä");
  request.setBody(request.getBody());
  same([...request.getBodyBytes()], [0xff, 0, 0x41, 0xc3, 0xa4]);
  request.setBody(new Uint8Array([1, 2, 3, 4]).subarray(1, 3));
  same([...request.getBodyBytes()], [2, 3]);
  request.setMethod("PUT");
  same(request.getMethod(), "PUT");
  request.setHost("example.com");
  same(request.getHost(), "example.com");
  request.setPath("/z");
  same(request.getPath(), "/z");
  request.setQuery("a=b");
  same(request.getQuery(), "a=b");
  request.setHeader("X-A", "1");
  request.addHeader("X-A", "2");
  same(request.getAllHeader().get("X-A"), ["1", "2"]);
  request.delHeader("X-A");
  same(request.getHeader("X-A"), "");
  request.addCookie({ name: "c", value: "d" });
  same(request.getCookie("c").value, "d");
  request.setAllHeader({ "X-B": ["1", "2"] });
  same([...request.getAllHeader()], [["X-B", ["1", "2"]]]);
}

function responses() {
  same(response.getStatusCode(), 200);
  response.setStatusCode(201);
  same(response.getStatusCode(), 201);
  response.setBody("ä");
  same([...response.getBodyBytes()], [0xc3, 0xa4]);
  same(response.getBody(), "ä");
  response.setAllHeader(new Map([["X-C", ["1"]]]));
  response.addHeader("X-C", "2");
  same(response.getAllHeader().get("X-C"), ["1", "2"]);
  response.setHeader("X-C", "3");
  same(response.getHeader("X-C"), "3");
  response.delHeader("X-C");
  same(response.getHeader("X-C"), "");
  response.setCookie(new cookie.Cookie("a", "b", { path: "/", httpOnly: true, sameSite: cookie.SameSite.LaxMode }));
  same(response.getHeader("Set-Cookie"), "a=b; Path=/; HttpOnly; SameSite=Lax");
}

function data() {
  same(cluster.getString("s"), "");
  cluster.putString("s", "zoë \udcff");
  same(cluster.getString("s"), "zoë \udcff");
  cluster.putBinary("b", new Uint8Array([0, 255]));
  same([...cluster.getBinary("b")], [0, 255]);
  cluster.putInteger("i", 2n ** 62n);
  same(cluster.getInteger("i") === 2n ** 62n, true);
  cluster.putInteger("i", 40);
  same(cluster.addInteger("i", 2), 42);
  cluster.putFloat("f", 0.5);
  same(cluster.addFloat("f", 0.25), 0.75);
  same(cluster.getFloat("f"), 0.75);
  same(cluster.countKey(""), 4);
}

export function run() {
  requests();
  responses();
  data();
  same(params.a, "ä");
  log.debug("nouns", { a: 1 });
  addTag("nouns");
  same(rand() < 1 && Math.random() < 1 && Math.abs(now() - Date.now()) < 1000, true);
  try {
    cluster.putString(undefined, "");
    same("no error", "");
  } catch (error) {
    same(error instanceof TypeError, true);
  }
}
