// SPDX-License-Identifier: Apache-2.0

// Compiles guests with the compilers this package pins.

import { execFile } from "node:child_process"
import { mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import asc from "assemblyscript/asc"

const here = dirname(fileURLToPath(import.meta.url))
const sdk = join(here, "..")
const repo = join(sdk, "..", "..")
const out = join(sdk, "build", "test")

const commands = {
	"0.20": join(sdk, "node_modules", "asc020", "bin", "asc"),
	"0.19": join(sdk, "node_modules", "asc019", "bin", "asc"),
}

export const compilers = ["current", ...Object.keys(commands)]

const release = ["-O3", "--use", "abort="]

const cache = new Map()

/** A promise of the module made of a source file, given relative to the repository. */
export function compile(source, compiler = "current", flags = release) {
	const key = [source, compiler, ...flags].join(" ")
	if (!cache.has(key)) {
		const module = build(source, compiler, flags, cache.size)
		module.catch(() => {}) // for whoever awaits it
		cache.set(key, module)
	}
	return cache.get(key)
}

// The examples import the SDK by the name of its package. In a folder of its own for each process, which makes it.
const packages = join(out, `packages-${process.pid}`)
mkdirSync(join(packages, "@sluice"), { recursive: true })
symlinkSync(sdk, join(packages, "@sluice", "assemblyscript-sdk"))
process.on("exit", () => rmSync(packages, { recursive: true }))

async function build(source, compiler, flags, number) {
	const file = join(out, `${process.pid}-${number}.wasm`)
	const args = [source, "-o", compiler === "current" ? relative(repo, file) : file, "--path", packages, ...flags]
	await (compiler === "current" ? inThisProcess(args) : inAnother([commands[compiler], ...args]))
	const bytes = readFileSync(file)
	rmSync(file)
	return new WebAssembly.Module(bytes)
}

async function inThisProcess(args) {
	const { error, stderr } = await asc.main([...args, "--baseDir", repo])
	if (error) throw new Error(stderr.toString())
}

// One at a time.
let last = Promise.resolve()

function inAnother(args) {
	const job = last.then(() => promisify(execFile)(process.execPath, args, { cwd: repo }))
	last = job.catch(() => {})
	return job
}

export const step = (n) => `examples/flash-sale/assembly/step${n}.ts`
export const guest = (name) => `tests/guests/assembly/${name}.ts`
