// SPDX-License-Identifier: Apache-2.0

// Compiles guests with the compilers this package pins.

import { execFile } from "node:child_process"
import { mkdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

const here = dirname(fileURLToPath(import.meta.url))
const sdk = join(here, "..")
const repo = join(sdk, "..", "..")
const out = join(sdk, "build", "test")

const commands = {
	current: join(sdk, "node_modules", "assemblyscript", "bin", "asc.js"),
	"0.20": join(sdk, "node_modules", "asc020", "bin", "asc"),
	"0.19": join(sdk, "node_modules", "asc019", "bin", "asc"),
}

export const compilers = Object.keys(commands)

const release = ["-O3", "--use", "abort="]

const running = []
const LIMIT = 2

async function turn() {
	while (running.length >= LIMIT) await Promise.race(running)
}

const cache = new Map()

/** A promise of the module made of a source file, given relative to the repository. */
export function compile(source, compiler = "current", flags = release) {
	const key = [source, compiler, ...flags].join(" ")
	if (!cache.has(key)) cache.set(key, build(source, compiler, flags, cache.size))
	return cache.get(key)
}

async function build(source, compiler, flags, number) {
	mkdirSync(out, { recursive: true })
	const file = join(out, `${process.pid}-${number}.wasm`)
	await turn()
	const job = promisify(execFile)(
		process.execPath, [commands[compiler], source, "-o", file, ...flags], { cwd: repo })
	running.push(job)
	try {
		const { stderr } = await job
		if (stderr) throw new Error(stderr)
	} finally {
		running.splice(running.indexOf(job), 1)
	}
	return new WebAssembly.Module(readFileSync(file))
}

export const step = (n) => `examples/flash-sale/assembly/step${n}.ts`
export const guest = (name) => `tests/guests/assembly/${name}.ts`
