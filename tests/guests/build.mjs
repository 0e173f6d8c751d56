// SPDX-License-Identifier: Apache-2.0

// node build.mjs <directory>: compiles all guests into that directory.
//
// The output has the name of the source. What is compiled by an older compiler
// has that in its name too, as in step5-asc020.wasm.

import { execFile } from "node:child_process"
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs"
import { basename, dirname, join, relative, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import asc from "assemblyscript/asc"
import newWabt from "wabt"

if (process.argv.length !== 3) {
	console.error("usage: node build.mjs <directory>")
	process.exit(2)
}

const here = dirname(fileURLToPath(import.meta.url))
const repo = join(here, "..", "..")
const out = resolve(process.argv[2])
mkdirSync(out, { recursive: true })

// The examples import the SDK by the name of its package.
const packages = join(out, "packages")
const sdk = join(packages, "@sluice", "assemblyscript-sdk")
mkdirSync(dirname(sdk), { recursive: true })
if (!existsSync(sdk)) symlinkSync(join(repo, "sdk", "assemblyscript"), sdk)

const sources = (directory, ending) =>
	readdirSync(join(here, directory)).filter((name) => name.endsWith(ending)).sort()
const steps = [1, 2, 3, 4, 5, 6].map((n) => join(repo, "examples", "flash-sale", "assembly", `step${n}.ts`))
const programs = sources("assembly", ".ts").map((name) => join(here, "assembly", name))

// Sources and output as the compilers want them: relative to the repository.
function ascArguments(source, file, ...more) {
	const own = ["--outFile", relative(repo, join(out, file)), "--path", packages]
	return [relative(repo, source), ...own, "-O3", ...more]
}

async function withCurrent(source, file, ...more) {
	const { error, stderr } = await asc.main([...ascArguments(source, file, ...more), "--baseDir", repo])
	if (error) throw new Error(stderr.toString())
}

async function withOlder(alias, source) {
	const file = `${basename(source, ".ts")}-${alias}.wasm`
	const command = join(here, "node_modules", alias, "bin", "asc")
	await promisify(execFile)(
		process.execPath, [command, ...ascArguments(source, file, "--use", "abort=")], { cwd: repo })
}

async function text(name, wabt) {
	const module = wabt.parseWat(name, readFileSync(join(here, "wat", name), "utf8"))
	try {
		module.resolveNames()
		module.validate()
		const { buffer } = module.toBinary({ write_debug_names: true })
		writeFileSync(join(out, name.replace(/\.wat$/, ".wasm")), buffer)
	} finally {
		module.destroy()
	}
}

const wabt = await newWabt()
for (const name of sources("wat", ".wat")) await text(name, wabt)

async function older() {
	for (const alias of ["asc020", "asc019"]) {
		for (const source of [steps[4], steps[5], ...programs]) await withOlder(alias, source)
	}
}

async function current() {
	for (const source of [...steps, ...programs]) {
		await withCurrent(source, `${basename(source, ".ts")}.wasm`, "--use", "abort=")
	}
	// Imports env.abort, as programs compiled without "--use abort=" do.
	await withCurrent(join(here, "assembly", "probe.ts"), "probe-abort.wasm")
}

await Promise.all([older(), current()])
console.log(`${readdirSync(out).filter((name) => name.endsWith(".wasm")).length} guests`)
