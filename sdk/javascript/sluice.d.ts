// SPDX-License-Identifier: Apache-2.0
// What a script of the WasmHost filter (code: builtin:javascript) finds, for editors.
// Put `/// <reference path="…/sluice.d.ts" />` at the top of the script. docs/javascript.md describes it.

/** Text, or bytes. */
type Bytes = string | ArrayBuffer | Uint8Array;
type HeaderMap = Map<string, string[]>;

/** The request. What a script changes goes to the filters behind. */
declare const request: {
  readonly getRealIp: () => string;
  readonly getScheme: () => string;
  readonly getProto: () => string;
  readonly getMethod: () => string;
  readonly setMethod: (method: string) => void;
  readonly getHost: () => string;
  readonly setHost: (host: string) => void;
  /** Decoded. */
  readonly getPath: () => string;
  readonly setPath: (path: string) => void;
  /** As the client wrote it. */
  readonly getEscapedPath: () => string;
  readonly getQuery: () => string;
  readonly setQuery: (query: string) => void;
  readonly getFragment: () => string;
  /** The first field of the name; "" if there is none. */
  readonly getHeader: (name: string) => string;
  readonly getAllHeader: () => HeaderMap;
  readonly setAllHeader: (headers: HeaderMap | Record<string, string | string[]>) => void;
  readonly setHeader: (name: string, value: string) => void;
  readonly addHeader: (name: string, value: string) => void;
  readonly delHeader: (name: string) => void;
  readonly getCookie: (name: string) => cookie.Cookie | null;
  readonly getAllCookie: () => cookie.Cookie[];
  /** A cookie, its fields, or the text name=value. */
  readonly addCookie: (cookie: cookie.Cookie | cookie.Fields | string) => void;
  /** As text. A byte b that is not UTF-8 is the code unit U+DC00 + b. */
  readonly getBody: () => string;
  readonly getBodyBytes: () => Uint8Array;
  readonly setBody: (body: Bytes) => void;
};

/** The response, which is 200 and empty at first. */
declare const response: {
  readonly getStatusCode: () => number;
  /** 200 to 599. */
  readonly setStatusCode: (status: number) => void;
  readonly getHeader: (name: string) => string;
  readonly getAllHeader: () => HeaderMap;
  readonly setAllHeader: (headers: HeaderMap | Record<string, string | string[]>) => void;
  readonly setHeader: (name: string, value: string) => void;
  readonly addHeader: (name: string, value: string) => void;
  readonly delHeader: (name: string) => void;
  /** A cookie, its fields, or the text of a Set-Cookie field. */
  readonly setCookie: (cookie: cookie.Cookie | cookie.Fields | string) => void;
  readonly getBody: () => string;
  readonly getBodyBytes: () => Uint8Array;
  readonly setBody: (body: Bytes) => void;
};

/** The shared data. Each run is one transaction. */
declare const cluster: {
  /** Empty if there is none. */
  readonly getBinary: (key: string) => Uint8Array;
  readonly putBinary: (key: string, value: Bytes) => void;
  /** "" if there is none. */
  readonly getString: (key: string) => string;
  readonly putString: (key: string, value: string) => void;
  /** 0 if there is none. A BigInt beyond 2^53. */
  readonly getInteger: (key: string) => number | bigint;
  readonly putInteger: (key: string, value: number | bigint) => void;
  /** Returns the sum. */
  readonly addInteger: (key: string, delta: number | bigint) => number | bigint;
  readonly getFloat: (key: string) => number;
  readonly putFloat: (key: string, value: number) => void;
  readonly addFloat: (key: string, delta: number) => number;
  /** Removes the key, if it is there. */
  readonly delete: (key: string) => void;
  /** The number of keys that begin with the prefix. */
  readonly countKey: (prefix: string) => number;
};

declare namespace cookie {
  const SameSite: { readonly DefaultMode: 0; readonly LaxMode: 1; readonly StrictMode: 2; readonly NoneMode: 3 };
  type Mode = 0 | 1 | 2 | 3 | "Lax" | "Strict" | "None";
  /** Other fields are refused. */
  interface Fields {
    name: string;
    value: string;
    path?: string;
    domain?: string;
    /** A date, or its text. */
    expires?: string | Date;
    /** The same, by its older name. */
    rawExpires?: string | Date;
    /** Seconds; 0: no Max-Age; negative: delete now. */
    maxAge?: number;
    secure?: boolean;
    httpOnly?: boolean;
    sameSite?: Mode;
  }
  class Cookie implements Fields {
    constructor(name?: string, value?: string, attributes?: Partial<Fields>);
    name: string;
    value: string;
    path: string;
    domain: string;
    expires: string | Date;
    rawExpires: string | Date;
    maxAge: number;
    secure: boolean;
    httpOnly: boolean;
    sameSite: Mode;
    /** As a Set-Cookie field. */
    marshal(): string;
    /** As name=value. */
    pair(): string;
    static unmarshal(text: string): Cookie | null;
  }
}

/** The parameters of the filter. `init` gets the same object. */
declare const params: Readonly<Record<string, string>>;

/** Writes to the log of the server, at level info. */
declare const log: {
  (...values: unknown[]): void;
  debug(...values: unknown[]): void;
  info(...values: unknown[]): void;
  warn(...values: unknown[]): void;
  error(...values: unknown[]): void;
};

interface Console {
  log(...values: unknown[]): void;
  debug(...values: unknown[]): void;
  info(...values: unknown[]): void;
  warn(...values: unknown[]): void;
  error(...values: unknown[]): void;
}
/** The same as log. */
declare var console: Console;

/** Adds a tag to the access log. */
declare function addTag(text: string): void;
/** A number of at least 0 and below 1. */
declare function rand(): number;
/** Milliseconds since 1970. */
declare function now(): number;
/**
 * Milliseconds since 1970 of a text such as 2026-11-27T20:00:00+01:00 or 2026-11-27 20:00 Europe/Berlin.
 * `zone` is the name of the zone of a text that has none; without it, it is UTC, of which the gateway
 * warns in its log.
 */
declare function parseDate(text: string, zone?: string): number;

/**
 * The parameters of the filter, by name and type; for `init`. A value that is none of the type, a missing
 * one and, once there is one call, a parameter that nobody asks for are refused with their name when the
 * filter is applied. `otherwise` is the value of one that is not given.
 */
declare const parameter: {
  readonly text: (name: string, otherwise?: string) => string;
  /** A BigInt beyond 2^53. */
  readonly integer: (name: string, otherwise?: number | bigint) => number | bigint;
  readonly number: (name: string, otherwise?: number) => number;
  readonly boolean: (name: string, otherwise?: boolean) => boolean;
  /** Milliseconds, of a text such as 1m30s. */
  readonly duration: (name: string, otherwise?: string) => number;
  /** Milliseconds since 1970, of a text such as 2026-11-27 20:00 Europe/Berlin. */
  readonly time: (name: string, otherwise?: string) => number;
};
