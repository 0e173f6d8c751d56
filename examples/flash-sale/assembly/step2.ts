// SPDX-License-Identifier: Apache-2.0

// Step 2: nobody passes before the sale starts.

export * from '@sluice/assemblyscript-sdk/easegress/proxy'

import { Program, response, parseDate, getUnixTimeInMs, registerProgramFactory } from '@sluice/assemblyscript-sdk/easegress'

class FlashSale extends Program {
	// when the sale starts, in milliseconds since 1970
	startTime: i64

	constructor(params: Map<string, string>) {
		super(params)
		this.startTime = parseDate("2021-08-08T00:00:00+00:00").getTime()
	}

	run(): i32 {
		if (getUnixTimeInMs() < this.startTime) {
			// a real sale would rather redirect to a static page here
			response.setBody(String.UTF8.encode("not start yet.\n"))
			return 1
		}

		return 0
	}
}

registerProgramFactory((params: Map<string, string>) => {
	return new FlashSale(params)
})
