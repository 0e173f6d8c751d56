// SPDX-License-Identifier: Apache-2.0

// The flash sale of the cookbook.

export * from '@sluice/assemblyscript-sdk/easegress/proxy'

import { Program, request, response, cluster, parameter, getUnixTimeInMs, rand, registerProgramFactory } from '@sluice/assemblyscript-sdk/easegress'

class FlashSale extends Program {
	startTime: i64 = parameter.time("startTime")
	blockRatio: f64 = parameter.numberOr("blockRatio", 0)
	maxPermission: i64 = parameter.integer("maxPermission")

	constructor(params: Map<string, string>) {
		super(params)
	}

	run(): i32 {
		if (getUnixTimeInMs() < this.startTime) {
			response.setBody(String.UTF8.encode("not start yet.\n"))
			return 1
		}

		const user = request.getHeader("Authorization")
		if (user == "") {
			return 3 // without a name, all visitors would be one user
		}
		const key = "id/" + user
		if (cluster.getString(key) == "true") {
			return 0
		}

		// Counting and putting are one transaction: never one too many.
		if (cluster.countKey("id/") < this.maxPermission && rand() > this.blockRatio) {
			cluster.putString(key, "true")
			return 0
		}

		response.setBody(String.UTF8.encode("sold out.\n"))
		return 2
	}
}

registerProgramFactory((params: Map<string, string>) => {
	return new FlashSale(params)
})
