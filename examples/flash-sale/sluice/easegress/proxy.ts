// SPDX-License-Identifier: Apache-2.0

// The functions the gateway calls. The entry file of every program says
// `export * from '<sdk>/easegress/proxy'`.

import { createProgram, Program } from "./index"
import { takeStringArray } from "./marshal"

let program: Program | null = null

/** Room for a value from the host, outside the garbage collector's reach. */
export function wasm_alloc(size: i32): usize {
	return heap.alloc(<usize>size)
}

/** Frees what wasm_alloc returned. */
export function wasm_free(address: usize): void {
	if (address != 0) heap.free(address)
}

/** Makes the program. `params` is a string array: name, value, name, value... */
export function wasm_init(params: usize): void {
	const items = takeStringArray(params)
	const map = new Map<string, string>()
	for (let i = 0; i + 1 < items.length; i += 2) map.set(items[i], items[i + 1])
	program = createProgram(map)
}

/** Handles one request. */
export function wasm_run(): i32 {
	let p = program
	if (p === null) {
		p = createProgram(new Map<string, string>())
		program = p
	}
	return p.run()
}
