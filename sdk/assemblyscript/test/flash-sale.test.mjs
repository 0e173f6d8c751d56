// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict"
import { describe, test } from "node:test"
import { compile, compilers, step } from "./compile.mjs"
import { Guest } from "./host.mjs"

const start = Date.UTC(2021, 7, 8)
const params = { startTime: "2021-08-08T00:00:00+00:00", blockRatio: "0.4", maxPermission: "3" }

const visit = (guest, user) => guest.run({ headers: user ? { Authorization: user } : {} })

function blocksBeforeStart(module, options) {
	let now = start - 1
	const g = new Guest(module, { now: () => now, random: () => 0.99, ...options })
	assert.equal(visit(g, "early"), 1)
	assert.equal(g.body, "not start yet.\n")
	assert.equal(g.store.size, 0)
	now = start
	assert.equal(visit(g, "early"), 0)
	assert.equal(g.body, "")
}

function blocksAtRandom(module, options) {
	let next = 0
	const g = new Guest(module, { random: () => next, ...options })
	for (const [chance, result, body] of [[0, 2, "sold out.\n"], [0.4, 2, "sold out.\n"], [0.41, 0, ""], [0.99, 0, ""]]) {
		next = chance
		assert.equal(visit(g, `user ${chance}`), result)
		assert.equal(g.body, body)
	}
}

function remembersTheLucky(module, options) {
	const store = new Map()
	let next = 0
	const random = () => next
	const one = new Guest(module, { store, random, ...options })
	const two = new Guest(module, { store, random, ...options })
	assert.equal(visit(one, "user1"), 2)
	next = 0.9
	assert.equal(visit(one, "user1"), 0)
	next = 0
	assert.equal(visit(two, "user1"), 0)
	assert.equal(visit(two, "user2"), 2)
	assert.deepEqual([...store], [["id/user1", "true"]])
}

function limitsTheNumber(module, options) {
	const store = new Map([["other", "x"]])
	const g = new Guest(module, { store, random: () => 0.9, ...options })
	const users = ["user1", "user2", "user1", "user3", "user4", "user5", "user2"]
	assert.deepEqual(users.map((user) => visit(g, user)), [0, 0, 0, 0, 2, 2, 0])
	assert.deepEqual([...store.keys()], ["other", "id/user1", "id/user2", "id/user3"])
}

for (const compiler of compilers) [5, 6].forEach((n) => compile(step(n), compiler))

describe("the flash sale", () => {
	test("step 1 lets everybody pass", async () => {
		const g = new Guest(await compile(step(1)))
		assert.equal(visit(g), 0)
		assert.equal(g.body, "")
	})

	test("step 2 blocks before the start", async () => {
		blocksBeforeStart(await compile(step(2)))
	})

	test("step 3 blocks at random", async () => {
		const module = await compile(step(3))
		blocksBeforeStart(module)
		blocksAtRandom(module)
	})

	test("step 4 remembers the lucky", async () => {
		const module = await compile(step(4))
		blocksBeforeStart(module)
		blocksAtRandom(module)
		remembersTheLucky(module)
	})

	for (const compiler of compilers) {
		test(`step 5 limits their number, asc ${compiler}`, async () => {
			const module = await compile(step(5), compiler)
			blocksBeforeStart(module)
			blocksAtRandom(module)
			remembersTheLucky(module)
			limitsTheNumber(module)
		})

		test(`step 6 takes parameters, asc ${compiler}`, async () => {
			const module = await compile(step(6), compiler)
			blocksBeforeStart(module, { params })
			blocksAtRandom(module, { params })
			remembersTheLucky(module, { params })
			limitsTheNumber(module, { params })

			const g = new Guest(module, { params: { ...params, blockRatio: "0", maxPermission: "1" }, random: () => 0.1 })
			assert.deepEqual(["a", "b", "a"].map((user) => visit(g, user)), [0, 2, 0])
			const later = new Guest(module, {
				params: { ...params, startTime: "2021-08-08T08:00:00+09:00" }, now: () => start - 3600000, random: () => 0.9,
			})
			assert.equal(visit(later, "a"), 0)
			assert.throws(() => new Guest(module, { params: { startTime: "tomorrow" } }), WebAssembly.RuntimeError)
			assert.equal(visit(new Guest(module), "a"), 2)
		})
	}
})
