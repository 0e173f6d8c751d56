// SPDX-License-Identifier: Apache-2.0

// Keeps the garbage collector busy while it puts strings: X-Count of them per
// run (100 if the header is missing). A key is "k/<i>/<text>" where i counts
// from X-Start, or from where the last run of this instance stopped; its value
// is "<h>:<key>" where h is the 32 bit FNV-1a hash of the bytes of the key, as
// eight hexadecimal digits. So each pair can be checked alone.

export * from '../../../sdk/assemblyscript/easegress/proxy'

import { Program, cluster, request, registerProgramFactory } from '../../../sdk/assemblyscript/easegress'

const WORDS: string[] = ["laptop", "größe", "时间", "😀", "x", "a somewhat longer text with blanks", ""]

class Garbage extends Program {
	next: i64 = 0

	run(): i32 {
		let count: i64 = 100
		let text = request.getHeader("X-Count")
		if (text != "") count = <i64>parseInt(text)
		text = request.getHeader("X-Start")
		if (text != "") this.next = <i64>parseInt(text)

		for (let n: i64 = 0; n < count; n++) {
			const i = this.next++
			cluster.putString(keyOf(i), valueOf(keyOf(i)))
		}
		return 0
	}
}

// Makes each text afresh, with a number of temporary objects.
function keyOf(i: i64): string {
	const parts = new Array<string>()
	parts.push("k")
	parts.push(i.toString())
	parts.push(WORDS[<i32>(i % WORDS.length)] + "-" + (i * 2654435761 % 1000003).toString())
	return parts.join("/")
}

function valueOf(key: string): string {
	const bytes = Uint8Array.wrap(String.UTF8.encode(key))
	let hash: u32 = 2166136261
	for (let i = 0; i < bytes.length; i++) hash = (hash ^ bytes[i]) * 16777619
	let hex = ""
	for (let shift = 28; shift >= 0; shift -= 4) hex += "0123456789abcdef".charAt((hash >> shift) & 15)
	return hex + ":" + key
}

registerProgramFactory((params: Map<string, string>) => {
	return new Garbage(params)
})
