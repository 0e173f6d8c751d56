// SPDX-License-Identifier: Apache-2.0

// How values cross the border between guest and host. Integers are little
// endian; a "block" is the address of one of
//
//   data          length:u32  bytes
//   string        length+1:u32  bytes  0x00      (any; UTF-8 as a rule)
//   string array  count:u32  string...
//
// Bytes that are no UTF-8 are not lost: such a byte b is the code unit U+DC00 + b
// in a string (half of a surrogate pair, which no UTF-8 gives), and goes back as
// the byte. So two different names from a client are never one key.
//
// Every block lives on the raw heap, which the garbage collector neither sees
// nor moves: an argument stays intact while the next one is built, whatever
// that takes. Who makes a block for a call frees it after the call; a block
// returned by the host was made through wasm_alloc and is freed once decoded.
//
// drop* functions are for the caller's own arguments, take* functions decode
// and free what the host returned.

import { host_log } from "./host"

const ASCII_MASK: u64 = 0x8080808080808080

/** Logs a message as an error, then traps. The gateway discards this instance. */
export function fail(message: string): void {
	const block = newString(message)
	host_log(3, block)
	drop(block)
	throw new Error(message)
}

/** Frees a block. */
// @ts-ignore: decorator
@inline
export function drop(block: usize): void {
	heap.free(block)
}

/** Makes a string block. */
export function newString(text: string): usize {
	const length = textBytes(text)
	const block = heap.alloc(length + 5)
	store<u32>(block, <u32>length + 1)
	putText(text, block + 4)
	store<u8>(block + 4 + length, 0)
	return block
}

/** Number of bytes that putText writes. */
export function textBytes(text: string): usize {
	const length = <usize>String.UTF8.byteLength(text)
	if (length == <usize>text.length) return length // ASCII
	return length - 2 * escapes(text)
}

/**
 * Writes the text as UTF-8, and the bytes that were no UTF-8 as they were;
 * returns the number of bytes. Any other half of a surrogate pair, which a
 * program can only have made itself, becomes U+FFFD.
 */
export function putText(text: string, to: usize): usize {
	const from = changetype<usize>(text)
	if (escapes(text) == 0) {
		return String.UTF8.encodeUnsafe(from, text.length, to, false, String.UTF8.ErrorMode.REPLACE)
	}
	const begin = to
	let run = 0 // of units that are no escapes
	for (let i = 0; i <= text.length; i++) {
		if (i < text.length && !isEscape(from, i)) continue
		to += String.UTF8.encodeUnsafe(
			from + (<usize>run << 1), i - run, to, false, String.UTF8.ErrorMode.REPLACE)
		if (i < text.length) store<u8>(to++, <u8>load<u16>(from + (<usize>i << 1)))
		run = i + 1
	}
	return to - begin
}

function escapes(text: string): usize {
	const from = changetype<usize>(text)
	let count: usize = 0
	for (let i = 0; i < text.length; i++) {
		if (isEscape(from, i)) count++
	}
	return count
}

// Whether the unit at `i` stands for a byte: 0x80 to 0xff, not the second half of a pair.
// @ts-ignore: decorator
@inline
function isEscape(from: usize, i: i32): bool {
	const at = from + (<usize>i << 1)
	if ((load<u16>(at) & 0xff80) != 0xdc80) return false
	return i == 0 || (load<u16>(at - 2) & 0xfc00) != 0xd800
}

/** Makes a data block. */
export function newData(data: ArrayBuffer): usize {
	const length = <usize>data.byteLength
	const block = heap.alloc(length + 4)
	store<u32>(block, <u32>length)
	memory.copy(block + 4, changetype<usize>(data), length)
	return block
}

/** Decodes and frees a string block. */
export function takeString(block: usize): string {
	const text = stringAt(block)
	drop(block)
	return text
}

/** Decodes and frees a data block. */
export function takeData(block: usize): ArrayBuffer {
	const length = load<u32>(block)
	const data = new ArrayBuffer(<i32>length)
	memory.copy(changetype<usize>(data), block + 4, <usize>length)
	drop(block)
	return data
}

/** Decodes and frees a string array block. */
export function takeStringArray(block: usize): Array<string> {
	const count = <i32>load<u32>(block)
	const items = new Array<string>(count)
	let at = block + 4
	for (let i = 0; i < count; i++) {
		items[i] = stringAt(at)
		at += 4 + <usize>load<u32>(at)
	}
	drop(block)
	return items
}

/** Number of bytes of the text in a string block, without the final zero. */
export function textLength(block: usize): usize {
	const length = <usize>load<u32>(block)
	return length == 0 ? 0 : length - 1
}

function stringAt(block: usize): string {
	return textAt(block + 4, textLength(block))
}

/**
 * Decodes UTF-8. The bytes may come from a client and need not be valid; every
 * byte b which is no part of a well-formed sequence becomes U+DC00 + b, so that
 * an overlong form never reads as the character it imitates, and putText gives
 * the same bytes back.
 */
export function textAt(from: usize, length: usize): string {
	const end = from + length
	let at = from
	while (at < end) {
		if (end - at >= 8 && (load<u64>(at) & ASCII_MASK) == 0) {
			at += 8
			continue
		}
		const n = sequenceLength(at, end)
		if (n == 0) return escapedTextAt(from, length)
		at += n
	}
	return String.UTF8.decodeUnsafe(from, length)
}

function escapedTextAt(from: usize, length: usize): string {
	const parts = new Array<string>()
	const end = from + length
	let run = from // the well-formed part before `at`
	for (let at = from; at < end; ) {
		const n = sequenceLength(at, end)
		if (n != 0) {
			at += n
			continue
		}
		if (at > run) parts.push(String.UTF8.decodeUnsafe(run, at - run))
		parts.push(String.fromCharCode(0xdc00 | <i32>load<u8>(at)))
		at += 1
		run = at
	}
	if (end > run) parts.push(String.UTF8.decodeUnsafe(run, end - run))
	return parts.join("")
}

// Bytes of the well-formed sequence starting at `at`, 0 if there is none.
function sequenceLength(at: usize, end: usize): usize {
	const lead = <u32>load<u8>(at)
	if (lead < 0x80) return 1

	let n: usize = 0
	let low: u32 = 0x80
	let high: u32 = 0xbf
	if (lead >= 0xc2 && lead <= 0xdf) {
		n = 2
	} else if (lead >= 0xe0 && lead <= 0xef) {
		n = 3
		if (lead == 0xe0) low = 0xa0
		if (lead == 0xed) high = 0x9f
	} else if (lead >= 0xf0 && lead <= 0xf4) {
		n = 4
		if (lead == 0xf0) low = 0x90
		if (lead == 0xf4) high = 0x8f
	} else {
		return 0
	}
	if (end - at < n) return 0

	const second = <u32>load<u8>(at, 1)
	if (second < low || second > high) return 0
	for (let i: usize = 2; i < n; i++) {
		if ((load<u8>(at + i) & 0xc0) != 0x80) return 0
	}
	return n
}
