// SPDX-License-Identifier: Apache-2.0

// Never returns when the request says "X-Mode: loop", returns 0 otherwise.

export * from '../../../sdk/assemblyscript/easegress/proxy'

import { Program, request, registerProgramFactory } from '../../../sdk/assemblyscript/easegress'

class Loop extends Program {
	run(): i32 {
		if (request.getHeader("X-Mode") == "loop") {
			while (true) {}
		}
		return 0
	}
}

registerProgramFactory((params: Map<string, string>) => {
	return new Loop(params)
})
