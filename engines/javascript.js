// SPDX-License-Identifier: Apache-2.0
// The part of the JavaScript SDK that is written in JavaScript. It is called with the functions that only
// it may use.
(function (native) {
  "use strict";

  const { request, response, cluster } = globalThis;

  // "Name: value\r\n" for every value. A value may contain colons.
  function readHeaders(text) {
    const headers = new Map();
    for (const line of text.split("\r\n")) {
      const colon = line.indexOf(":");
      if (colon <= 0) continue;
      const name = line.slice(0, colon);
      const value = line.slice(colon + 1).trim();
      const values = headers.get(name);
      if (values) values.push(value);
      else headers.set(name, [value]);
    }
    return headers;
  }

  function writeHeaders(headers) {
    const entries = headers instanceof Map ? headers : Object.entries(headers);
    let text = "";
    for (const [name, values] of entries) {
      if (/[\r\n:]/.test(name)) throw new TypeError(`no name of a header: ${name}`);
      for (const value of Array.isArray(values) ? values : [values]) {
        text += `${name}: ${String(value).replace(/[\r\n]/g, " ")}\r\n`;
      }
    }
    return text;
  }

  const SameSite = Object.freeze({ DefaultMode: 0, LaxMode: 1, StrictMode: 2, NoneMode: 3 });
  const sameSiteNames = ["", "Lax", "Strict", "None"];
  const clean = (text) => String(text).replace(/[\x00-\x1f;\x7f]/g, "");

  function seconds(given) {
    if (!Number.isFinite(given)) throw new TypeError(`maxAge of a cookie is ${given}, and no number of seconds`);
    return Math.trunc(given);
  }

  // One of SameSite, or its name.
  function sameSiteOf(given) {
    const name = String(given).toLowerCase();
    const mode = sameSiteNames[given] !== undefined ? given : sameSiteNames.findIndex((each) => each.toLowerCase() === name);
    if (mode < 0) throw new TypeError(`sameSite of a cookie is ${given}: use Lax, Strict or None`);
    return sameSiteNames[mode];
  }

  class Cookie {
    name = "";
    value = "";
    path = "";
    domain = "";
    expires = "";
    maxAge = 0;
    secure = false;
    httpOnly = false;
    sameSite = SameSite.DefaultMode;

    constructor(name = "", value = "", attributes = {}) {
      this.name = String(name);
      this.value = String(value);
      Object.seal(this);
      setFields(this, attributes);
    }

    // The older name.
    get rawExpires() {
      return this.expires;
    }
    set rawExpires(text) {
      this.expires = text;
    }

    pair() {
      if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(this.name)) throw new TypeError(`no name of a cookie: ${this.name}`);
      return `${this.name}=${clean(this.value)}`;
    }

    marshal() {
      let text = this.pair();
      if (this.path) text += `; Path=${clean(this.path)}`;
      if (this.domain) text += `; Domain=${clean(this.domain)}`;
      if (this.expires) text += `; Expires=${clean(this.expires instanceof Date ? this.expires.toUTCString() : this.expires)}`;
      if (this.maxAge) text += `; Max-Age=${Math.max(seconds(this.maxAge), 0)}`;
      if (this.secure) text += "; Secure";
      if (this.httpOnly) text += "; HttpOnly";
      if (this.sameSite) text += `; SameSite=${sameSiteOf(this.sameSite)}`;
      return text;
    }

    static unmarshal(text) {
      const [pair, ...attributes] = String(text).split(";");
      const equals = pair.indexOf("=");
      const name = pair.slice(0, Math.max(equals, 0)).trim();
      if (!name) return null;
      const cookie = new Cookie(name, pair.slice(equals + 1).trim());
      for (const attribute of attributes) setAttribute(cookie, attribute);
      return cookie;
    }
  }

  function setFields(cookie, fields) {
    for (const [key, value] of Object.entries(fields)) {
      if (!(key in cookie)) throw new TypeError(`a cookie has no field ${key}: ${Object.keys(cookie).join(", ")}`);
      cookie[key] = value;
    }
    return cookie;
  }

  function setAttribute(cookie, attribute) {
    const [key, ...rest] = attribute.split("=");
    const value = rest.join("=").trim();
    const key_ = key.trim().toLowerCase();
    if (key_ === "path") cookie.path = value;
    else if (key_ === "domain") cookie.domain = value;
    else if (key_ === "expires") cookie.expires = value;
    else if (key_ === "max-age" && /^-?\d+$/.test(value)) cookie.maxAge = Number(value) > 0 ? Number(value) : -1;
    else if (key_ === "secure") cookie.secure = true;
    else if (key_ === "httponly") cookie.httpOnly = true;
    else if (key_ === "samesite") {
      cookie.sameSite = Math.max(sameSiteNames.findIndex((name) => name.toLowerCase() === value.toLowerCase()), 0);
    }
  }

  function asCookie(given) {
    if (given instanceof Cookie) return given;
    if (typeof given !== "object" || given === null) throw new TypeError(`no cookie: ${given}`);
    return setFields(new Cookie(), given);
  }
  function asText(given) {
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+=/.test(given)) throw new TypeError(`no cookie: ${given}. Write name=value`);
    return given;
  }

  Object.assign(request, {
    getAllHeader: () => readHeaders(native.requestHeaders()),
    setAllHeader: (headers) => native.setRequestHeaders(writeHeaders(headers)),
    getCookie: (name) => Cookie.unmarshal(native.cookie(name)),
    getAllCookie: () => native.cookies().map(Cookie.unmarshal),
    addCookie: (cookie) => native.addCookie(typeof cookie === "string" ? asText(cookie) : asCookie(cookie).pair()),
  });
  Object.assign(response, {
    getAllHeader: () => readHeaders(native.responseHeaders()),
    setAllHeader: (headers) => native.setResponseHeaders(writeHeaders(headers)),
    setCookie: (cookie) => native.setCookie(typeof cookie === "string" ? asText(cookie) : asCookie(cookie).marshal()),
  });

  // What JSON shows as {}, or refuses.
  function plain(key, value) {
    if (value instanceof Error) return String(value);
    if (value instanceof Map) return Object.fromEntries(value);
    if (value instanceof Set) return [...value];
    return typeof value === "bigint" ? String(value) : value;
  }
  function show(value) {
    if (value instanceof Error) return [String(value), ...(value.stack ?? "").trim().split(/\s*\n\s*/)].join(" ").trim();
    if (typeof value !== "object" || value === null) return String(value);
    try {
      return JSON.stringify(value, plain);
    } catch (error) {
      return `${Object.prototype.toString.call(value)} (${error})`;
    }
  }
  const logAt = (level) => (...values) => native.log(level, values.map(show).join(" "));
  const log = logAt(1);
  Object.assign(log, { debug: logAt(0), info: logAt(1), warn: logAt(2), error: logAt(3) });

  const ask = (name, type, otherwise) =>
    otherwise === undefined ? native.parameter(name, type) : native.parameterOr(name, type, String(otherwise));
  const integerOf = (text) => (Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text));
  // The gateway checks the values, and refuses other parameters.
  const parameter = Object.freeze({
    text: (name, otherwise) => ask(name, "text", otherwise),
    integer: (name, otherwise) => integerOf(ask(name, "integer", otherwise)),
    number: (name, otherwise) => Number(ask(name, "number", otherwise)),
    boolean: (name, otherwise) => ask(name, "boolean", otherwise) === "true",
    duration: (name, otherwise) => integerOf(ask(name, "duration", otherwise)),
    time: (name, otherwise) => integerOf(ask(name, "time", otherwise)),
  });

  Object.assign(globalThis, {
    parseDate: (text, zone = "") => integerOf(native.parseDate(text, zone)),
    parameter,
    log,
    cookie: { Cookie, SameSite },
    console: { log, debug: log.debug, info: log.info, warn: log.warn, error: log.error },
    params: Object.create(null),
  });
  // The VMs of a filter begin as copies of one, so a generator of their own would repeat itself.
  Math.random = globalThis.rand;
  for (const noun of [request, response, cluster, globalThis.cookie, log]) Object.freeze(noun);
})
