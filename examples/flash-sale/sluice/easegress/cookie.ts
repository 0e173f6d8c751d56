// SPDX-License-Identifier: Apache-2.0

import { fail } from "./marshal"

/** The SameSite attribute. DefaultMode leaves it out. */
export enum SameSite {
	DefaultMode,
	LaxMode,
	StrictMode,
	NoneMode,
}

/** An HTTP cookie, of a Cookie header (name and value only) or a Set-Cookie header. */
export class Cookie {
	/** A token. */
	name: string = ""
	/** As it is sent. */
	value: string = ""

	/** The Path attribute, "" if there is none. */
	path: string = ""
	/** The Domain attribute, "" if there is none. */
	domain: string = ""
	/** The Expires attribute as text, "" if there is none. */
	rawExpires: string = ""
	/** Seconds to live; 0 means no Max-Age attribute, negative means "delete now". */
	maxAge: i32 = 0
	/** The Secure attribute. */
	secure: bool = false
	/** The HttpOnly attribute. */
	httpOnly: bool = false
	/** The SameSite attribute. */
	sameSite: SameSite = SameSite.DefaultMode

	/** A cookie without attributes. */
	constructor(name: string = "", value: string = "") {
		this.name = name
		this.value = value
	}

	/**
	 * The cookie as the text of a Set-Cookie header. The name must be valid;
	 * bytes which would end a value or attribute early are left out of it.
	 */
	marshal(): string {
		let text = this.pair()
		if (this.path.length > 0) text += "; Path=" + clean(this.path)
		if (this.domain.length > 0) text += "; Domain=" + clean(this.domain)
		if (this.rawExpires.length > 0) text += "; Expires=" + clean(this.rawExpires)
		if (this.maxAge > 0) text += "; Max-Age=" + this.maxAge.toString()
		if (this.maxAge < 0) text += "; Max-Age=0"
		if (this.secure) text += "; Secure"
		if (this.httpOnly) text += "; HttpOnly"
		if (this.sameSite == SameSite.LaxMode) text += "; SameSite=Lax"
		if (this.sameSite == SameSite.StrictMode) text += "; SameSite=Strict"
		if (this.sameSite == SameSite.NoneMode) text += "; SameSite=None"
		return text
	}

	/** Name and value as the text of a Cookie header. */
	pair(): string {
		if (!isToken(this.name)) fail("cookie: bad name '" + this.name + "'")
		return this.name + "=" + clean(this.value)
	}

	/**
	 * Parses the text of a Set-Cookie header or one pair of a Cookie header,
	 * null if it does not start with "name=". Unknown attributes are skipped.
	 */
	static unmarshal(text: string): Cookie | null {
		let stop = endOfPart(text, 0)
		let equals = indexOf(text, CHAR_EQUALS, 0, stop)
		if (equals == stop) return null
		const name = trimmed(text, 0, equals)
		if (name.length == 0) return null

		const cookie = new Cookie(name, trimmed(text, equals + 1, stop))
		while (stop < text.length) {
			const start = stop + 1
			stop = endOfPart(text, start)
			equals = indexOf(text, CHAR_EQUALS, start, stop)
			const value = equals < stop ? trimmed(text, equals + 1, stop) : ""
			setAttribute(cookie, trimmed(text, start, equals).toLowerCase(), value)
		}
		return cookie
	}
}

const CHAR_BLANK: i32 = 0x20
const CHAR_SEMICOLON: i32 = 0x3b
const CHAR_EQUALS: i32 = 0x3d
const CHAR_DELETE: i32 = 0x7f

function setAttribute(cookie: Cookie, name: string, value: string): void {
	if (name == "path") {
		cookie.path = value
	} else if (name == "domain") {
		cookie.domain = value
	} else if (name == "expires") {
		cookie.rawExpires = value
	} else if (name == "max-age") {
		const age = parseAge(value)
		if (age != i64.MIN_VALUE) cookie.maxAge = age > 0 ? <i32>min<i64>(age, i32.MAX_VALUE) : -1
	} else if (name == "secure") {
		cookie.secure = true
	} else if (name == "httponly") {
		cookie.httpOnly = true
	} else if (name == "samesite") {
		const mode = value.toLowerCase()
		if (mode == "lax") cookie.sameSite = SameSite.LaxMode
		else if (mode == "strict") cookie.sameSite = SameSite.StrictMode
		else if (mode == "none") cookie.sameSite = SameSite.NoneMode
		else cookie.sameSite = SameSite.DefaultMode
	}
}

// The number, saturated far above an i32; i64.MIN_VALUE if it is not one.
function parseAge(text: string): i64 {
	const negative = text.startsWith("-")
	let i = negative ? 1 : 0
	if (i == text.length) return i64.MIN_VALUE
	let age: i64 = 0
	for (; i < text.length; i++) {
		const digit = text.charCodeAt(i) - 0x30
		if (digit < 0 || digit > 9) return i64.MIN_VALUE
		age = min<i64>(age * 10 + digit, 1 << 40)
	}
	return negative ? -age : age
}

// Letters, digits and the other characters RFC 6265 allows in a name.
function isToken(name: string): bool {
	for (let i = 0; i < name.length; i++) {
		const c = name.charCodeAt(i)
		if (c <= CHAR_BLANK || c >= CHAR_DELETE) return false
		if ("()<>@,;:\\\"/[]?={}".includes(String.fromCharCode(c))) return false
	}
	return name.length > 0
}

function clean(value: string): string {
	let dirty = false
	for (let i = 0; i < value.length && !dirty; i++) dirty = !isClean(value.charCodeAt(i))
	if (!dirty) return value

	let text = ""
	for (let i = 0; i < value.length; i++) {
		if (isClean(value.charCodeAt(i))) text += value.charAt(i)
	}
	return text
}

function isClean(c: i32): bool {
	return c >= CHAR_BLANK && c != CHAR_SEMICOLON && c != CHAR_DELETE
}

function endOfPart(text: string, from: i32): i32 {
	return indexOf(text, CHAR_SEMICOLON, from, text.length)
}

// Position of the character in [from, to), `to` if it is not there.
function indexOf(text: string, char: i32, from: i32, to: i32): i32 {
	let i = from
	while (i < to && text.charCodeAt(i) != char) i++
	return i
}

function trimmed(text: string, from: i32, to: i32): string {
	return text.substring(from, to).trim()
}
