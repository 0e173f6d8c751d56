// SPDX-License-Identifier: Apache-2.0

// Step 1: a program which lets every request pass.

// the functions which the gateway calls
export * from '@sluice/assemblyscript-sdk/easegress/proxy'

import { Program, registerProgramFactory } from '@sluice/assemblyscript-sdk/easegress'

class FlashSale extends Program {
	// the constructor runs once, when the gateway loads the program
	constructor(params: Map<string, string>) {
		super(params)
	}

	// run is called for every request
	run(): i32 {
		return 0
	}
}

// tells the gateway how to make the program
registerProgramFactory((params: Map<string, string>) => {
	return new FlashSale(params)
})
