// SPDX-License-Identifier: Apache-2.0

// Headers as text: "Name: value\r\n" for every value, nothing at the end.

import { drop, fail, putText, textAt, textBytes, textLength } from "./marshal"

const TAB: u8 = 0x09
const LF: u8 = 0x0a
const CR: u8 = 0x0d
const BLANK: u8 = 0x20
const COLON: u8 = 0x3a

/** Decodes and frees a string block with headers. Values of one name keep their order. */
export function takeHeaders(block: usize): Map<string, Array<string>> {
	const headers = new Map<string, Array<string>>()
	const end = block + 4 + textLength(block)
	let line = block + 4
	while (line < end) {
		let stop = line
		while (stop < end && load<u8>(stop) != LF) stop++
		addLine(headers, line, stop)
		line = stop + 1
	}
	drop(block)
	return headers
}

// Only the first colon separates; there may be more of them in the value.
function addLine(headers: Map<string, Array<string>>, from: usize, to: usize): void {
	let colon = from
	while (colon < to && load<u8>(colon) != COLON) colon++
	if (colon == to) return

	let first = colon + 1
	let last = to
	while (first < last && isBlank(load<u8>(first))) first++
	while (first < last && isBlank(load<u8>(last - 1))) last--

	const name = textAt(from, colon - from)
	const value = textAt(first, last - first)
	if (headers.has(name)) {
		headers.get(name).push(value)
	} else {
		headers.set(name, [value])
	}
}

function isBlank(c: u8): bool {
	return c == BLANK || c == TAB || c == CR
}

/**
 * Makes a string block from headers. A line break in a value becomes a blank,
 * so a value can not smuggle in another header; a name with a line break or a
 * colon is refused.
 */
export function newHeaders(headers: Map<string, Array<string>>): usize {
	const names = headers.keys()

	let length: usize = 0
	for (let i = 0, n = names.length; i < n; i++) {
		const name = names[i]
		const nameLength = textBytes(name)
		const values = headers.get(name)
		for (let j = 0, m = values.length; j < m; j++) {
			length += nameLength + textBytes(values[j]) + 4
		}
	}

	const block = heap.alloc(length + 5)
	store<u32>(block, <u32>length + 1)
	let at = block + 4
	for (let i = 0, n = names.length; i < n; i++) {
		const name = names[i]
		const values = headers.get(name)
		for (let j = 0, m = values.length; j < m; j++) {
			const colon = at + putText(name, at)
			checkName(name, at, colon)
			store<u8>(colon, COLON)
			store<u8>(colon, BLANK, 1)
			const value = colon + 2
			at = value + putText(values[j], value)
			for (let p = value; p < at; p++) {
				const c = load<u8>(p)
				if (c == CR || c == LF) store<u8>(p, BLANK)
			}
			store<u8>(at, CR)
			store<u8>(at, LF, 1)
			at += 2
		}
	}
	store<u8>(at, 0)
	return block
}

function checkName(name: string, from: usize, to: usize): void {
	if (from == to) fail("setAllHeader: empty header name")
	for (let p = from; p < to; p++) {
		const c = load<u8>(p)
		if (c == CR || c == LF || c == COLON) fail("setAllHeader: bad header name '" + name + "'")
	}
}
