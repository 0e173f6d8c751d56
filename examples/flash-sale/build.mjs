// SPDX-License-Identifier: Apache-2.0

// Compiles every step to build/step1.wasm ... build/step6.wasm.

import { dirname } from "node:path"
import { fileURLToPath } from "node:url"
import asc from "assemblyscript/asc"

process.chdir(dirname(fileURLToPath(import.meta.url)))

for (let n = 1; n <= 6; n++) {
	const file = `build/step${n}.wasm`
	const { error, stderr } = await asc.main(
		[`assembly/step${n}.ts`, "--outFile", file, "-O3"])
	if (error) {
		console.error(stderr.toString())
		process.exit(1)
	}
	console.log(file)
}
