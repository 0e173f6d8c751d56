// SPDX-License-Identifier: Apache-2.0

import assert from "node:assert/strict"
import { describe, test } from "node:test"
import { compile, compilers, guest } from "./compile.mjs"
import { Guest, Headers } from "./host.mjs"

const debug = ["--debug"]
const withRuntime = (runtime) => ["-O3", "--use", "abort=", "--runtime", runtime]

const functions = `
	host_req_get_real_ip host_req_get_scheme host_req_get_proto host_req_get_method host_req_set_method
	host_req_get_host host_req_set_host host_req_get_path host_req_set_path host_req_get_escaped_path
	host_req_get_query host_req_set_query host_req_get_fragment host_req_get_header
	host_req_get_all_header host_req_set_all_header host_req_set_header host_req_add_header
	host_req_del_header host_req_get_cookie host_req_get_all_cookie host_req_add_cookie
	host_req_get_body host_req_set_body host_resp_get_status_code host_resp_set_status_code
	host_resp_get_header host_resp_get_all_header host_resp_set_header host_resp_set_all_header
	host_resp_add_header host_resp_del_header host_resp_set_cookie host_resp_get_body
	host_resp_set_body host_cluster_get_binary host_cluster_put_binary host_cluster_get_string
	host_cluster_put_string host_cluster_get_integer host_cluster_put_integer
	host_cluster_add_integer host_cluster_get_float host_cluster_put_float host_cluster_add_float
	host_cluster_count_key host_add_tag host_log host_get_unix_time_in_ms host_rand
	host_cluster_delete host_parse_date host_parameter host_parameter_or
`.trim().split(/\s+/)

for (const compiler of compilers) {
	describe(`the SDK, asc ${compiler}`, () => {
		const probe = compile(guest("probe"), compiler)
		compile(guest("garbage"), compiler)
		const fresh = async (options) => new Guest(await probe, options)
		const run = async (mode, headers = {}, fields = {}) => {
			const g = await fresh()
			assert.equal(g.run({ headers: { "X-Mode": mode, ...headers }, ...fields }), 0)
			return g
		}

		test("imports the 54 functions and nothing else", async () => {
			const imports = WebAssembly.Module.imports(await probe)
			assert.deepEqual([...new Set(imports.map((i) => i.module))], ["easegress"])
			assert.deepEqual(imports.map((i) => i.name).sort(), [...functions].sort())
			assert.equal(functions.length, 54)
		})

		test("exports what the gateway calls", async () => {
			const exports = Object.fromEntries(WebAssembly.Module.exports(await probe).map((e) => [e.name, e.kind]))
			for (const name of ["wasm_alloc", "wasm_free", "wasm_init", "wasm_run"]) {
				assert.equal(exports[name], "function")
			}
			assert.equal(exports.memory, "memory")
		})

		test("hands the parameters to the program", async () => {
			const params = { startTime: "2021-08-08", empty: "", "größe 😀": "naïve\0zero" }
			const g = await fresh({ params })
			g.run({ headers: { "X-Mode": "params" } })
			assert.deepEqual(g.json, params)
		})

		test("asks for the parameters by name and type", async () => {
			const params = {
				declare: "yes", amount: "-9223372036854775808", ratio: "0.5", open: "true", wait: "2000", start: "1795806000000",
			}
			const g = await fresh({ params })
			g.run({ headers: { "X-Mode": "declared" } })
			assert.equal(g.body, "yes|hello ü|-9223372036854775808|-7|0.5|0.25|true|false|2000|90|1795806000000|1970")
			assert.deepEqual(g.asked, [
				["declare", "text", undefined], ["greeting", "text", "hello ü"],
				["amount", "integer", undefined], ["least", "integer", "-7"],
				["ratio", "number", undefined], ["share", "number", "0.25"],
				["open", "boolean", undefined], ["shut", "boolean", "false"],
				["wait", "duration", undefined], ["rest", "duration", "90s"],
				["start", "time", undefined], ["end", "time", "1970-01-01T00:00:01Z"],
			])
		})

		test("asks the gateway for dates with a zone", async () => {
			const g = await run("date-in", { "X-Date": "1970-01-01T00:00:01Z", "X-Zone": "Europe/Berlin" })
			assert.equal(g.body, "1000")
			assert.deepEqual(g.asked, [["1970-01-01T00:00:01Z", "Europe/Berlin"]])
		})

		test("deletes a key", async () => {
			const store = new Map([["a", "1"], ["b", "2"]])
			const g = await fresh({ store })
			g.run({ headers: { "X-Mode": "delete", "X-Key": "a" } })
			assert.deepEqual([...store.keys()], ["b"])
		})

		test("returns the program's result", async () => {
			const g = await fresh()
			for (const n of [0, 1, 2, 9, 10, -1, 2147483647]) {
				assert.equal(g.run({ headers: { "X-Mode": `ret${n}` } }), n)
			}
		})

		test("reads every part of the request", async () => {
			const fields = {
				realIp: "2001:db8::1", scheme: "https", proto: "HTTP/2.0", method: "POST", host: "a.example:8443",
				path: "/a b/ü", escapedPath: "/a%20b/%C3%BC", query: "x=1&y=%20", fragment: "part",
				body: new TextEncoder().encode("body \0 with zero, ü and 😀"),
			}
			const g = await run("echo", { Cookie: "a=1; b=x=y==", "X-Many": ["1", "2: 3", "1"] }, fields)
			const { headers, cookies, body, missing, ...rest } = g.json
			const { body: sent, ...expected } = fields
			assert.deepEqual(rest, expected)
			assert.equal(body, new TextDecoder().decode(sent))
			assert.equal(missing, "")
			assert.deepEqual(headers["X-Many"], ["1", "2: 3", "1"])
			assert.deepEqual(cookies, [{ name: "a", value: "1" }, { name: "b", value: "x=y==" }])
		})

		test("sets every part of the request", async () => {
			const g = await run("set")
			const { method, host, path, query, body } = g.json
			assert.deepEqual([method, host, path, query, body],
				["PUT", "probe.example:8080", "/a b/ü", "q=1&r=%20", "body from the probe"])
			assert.equal(g.request.path, "/a b/ü")
		})

		test("sets, adds, deletes and replaces headers", async () => {
			const g = await run("headers", { "X-Own": "v" })
			const { first, request, set, response, whole, none, reply } = g.json
			assert.equal(first, "one")
			assert.deepEqual(request, {
				"X-Empty": [""], "X-Mode": ["headers"], "X-Own": ["v"], "X-Probe": ["one", "two: with a colon"],
			})
			assert.equal(set, "new")
			assert.deepEqual(response, { "X-Many": ["1", "2; a=b: c"], "X-Set": ["new"] })
			assert.deepEqual(whole, { ...request, "X-Whole": ["a", "b: c", "line  Injected: yes", "ü"] })
			assert.deepEqual(none, {})
			assert.deepEqual(reply, { "X-Reply": ["1", "2"] })
			assert.equal(g.response.headers.text(), "X-Reply: 1\r\nX-Reply: 2\r\n")
		})

		test("reads header text without a blank after the colon", async () => {
			const g = await fresh()
			const text = Headers.prototype.text
			try {
				Headers.prototype.text = () => "A:1\r\nB:  x: y \r\nC:\r\nno colon\r\nA: 2\r\n"
				g.run({ headers: { "X-Mode": "echo" } })
			} finally {
				Headers.prototype.text = text
			}
			assert.deepEqual(g.json.headers, { A: ["1", "2"], B: ["x: y"], C: [""] })
		})

		test("reads and writes cookies", async () => {
			const g = await run("cookies", { Cookie: "a=1; token=abc==; q=\"x\"", "X-Name": "token" })
			const { all, found, after, response } = g.json
			assert.deepEqual(all.map((c) => [c.name, c.value]), [["a", "1"], ["token", "abc=="], ["q", "\"x\""]])
			assert.deepEqual(found, { name: "token", value: "abc==" })
			assert.deepEqual(after.at(-1), { name: "wasm", value: "a=b==" })
			assert.equal(g.request.headers.get("Cookie"), "a=1; token=abc==; q=\"x\"; wasm=a=b==")
			assert.deepEqual(response["Set-Cookie"], [
				"wasm=a=b==; Path=/shop; Domain=example.com; Max-Age=3600; Secure; HttpOnly; SameSite=Lax",
				"gone=x Domain=evil; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; SameSite=None",
			])
		})

		test("finds no cookie where there is none", async () => {
			const { all, found } = (await run("cookies", { "X-Name": "token" })).json
			assert.equal(found, undefined)
			assert.deepEqual(all, [])
		})

		test("parses Set-Cookie", async () => {
			const table = {
				"n=v": { name: "n", value: "v" },
				" n = a=b== ": { name: "n", value: "a=b==" },
				"n=": { name: "n", value: "" },
				"n=v; secure; HTTPONLY; samesite=STRICT":
					{ name: "n", value: "v", secure: true, httpOnly: true, sameSite: 2 },
				"n=v;Secure;HttpOnly;SameSite=Lax":
					{ name: "n", value: "v", secure: true, httpOnly: true, sameSite: 1 },
				"n=v; Secure=; SameSite=none": { name: "n", value: "v", secure: true, sameSite: 3 },
				"n=v; SameSite; SameSite=odd": { name: "n", value: "v" },
				"n=v; Path=/a=b; Domain=.x.example; Expires=Wed, 21 Oct 2015 07:28:00 GMT; Max-Age=60": {
					name: "n", value: "v", path: "/a=b", domain: ".x.example",
					expires: "Wed, 21 Oct 2015 07:28:00 GMT", maxAge: 60,
				},
				"n=v; Max-Age=0": { name: "n", value: "v", maxAge: -1 },
				"n=v; Max-Age=-5": { name: "n", value: "v", maxAge: -1 },
				"n=v; max-age=99999999999999999999": { name: "n", value: "v", maxAge: 2147483647 },
				"n=v; Max-Age=soon; Max-Age=-; Max-Age; unknown=1; ; =": { name: "n", value: "v" },
				"novalue": undefined,
				"=v": undefined,
				"; n=v": undefined,
				"": undefined,
			}
			const g = await fresh()
			for (const [text, expected] of Object.entries(table)) {
				g.run({ headers: { "X-Mode": "cookies", "X-Set-Cookie": text } })
				assert.deepEqual(g.json.parsed, expected, text)
			}
			g.run({ headers: { "X-Mode": "cookies", "X-Set-Cookie": "a=b; samesite=lax; secure; path=/; max-age=0" } })
			assert.equal(g.json.again, "a=b; Path=/; Max-Age=0; Secure; SameSite=Lax")
		})

		test("carries bodies of any size and content", async () => {
			const g = await fresh()
			for (const size of [0, 1, 3, 255, 65536, 3000000]) {
				const body = new Uint8Array(size).map((_, i) => i * 31)
				g.run({ headers: { "X-Mode": "body", "X-New-Body": "new" }, body })
				assert.deepEqual(Buffer.from(g.response.body), Buffer.from(body))
				assert.equal(Buffer.from(g.request.body).toString(), "new")
				assert.equal(g.response.headers.get("X-Length"), String(size))
			}
		})

		test("gets and sets the status code", async () => {
			const g = await run("status", { "X-Status": "302" })
			assert.deepEqual(g.json, { before: 200, after: 302 })
			assert.equal(g.response.status, 302)
		})

		test("uses all kinds of shared data", async () => {
			const g = await run("cluster", { "X-Key": "probe/ü/" })
			assert.deepEqual(g.json, {
				countBefore: 0, missingString: "", missingBinary: 0, missingInteger: 0, missingFloat: 0,
				string: "zwölf 时间 😀", textAsInteger: 0, emptyString: "", binaryEqual: true,
				minInteger: "-9223372036854775808", sum: 45, sumAgain: 42, integer: 42, sumOfNew: 7,
				float: 0.1, floatSum: 1e300, floatSumAgain: 2.5, countAfter: 7, countOther: 0,
			})
			assert.equal(g.store.get("probe/ü/i"), "42")
			assert.equal(g.store.get("probe/ü/n"), "7")
		})

		test("keeps the bytes of what is not UTF-8", async () => {
			const cases = [
				[0x61, 0xff, 0x62], [0x61, 0xfe, 0x62], [0x61, 0x80, 0x62], [0xff], [0xfe], [0xff, 0xff],
				[0xc0, 0xaf], [0xe0, 0x80, 0xaf, 0x78], [0xed, 0xa0, 0x80], [0xed, 0xb0, 0x80],
				[0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82], [0xf0, 0x9f, 0x98], [0xef, 0xbf, 0xbd, 0xff],
				[...Buffer.from("zwölf 😀"), 0xff, ...Buffer.from("😀"), 0xbf],
				[...Buffer.from("twelve bytes"), 0x80, 0x41],
			].map((bytes) => Uint8Array.from(bytes))
			const g = await fresh()
			for (const path of cases) g.run({ headers: { "X-Mode": "keep-path" }, path })
			const kept = cases.map((bytes) => Buffer.from(bytes).toString("latin1"))
			assert.deepEqual([...g.store.entries()].sort(), kept.map((text) => ["path/" + text, text]).sort())
		})

		test("reads UTF-8 of every length, and nothing else as such", async () => {
			const g = await fresh()
			const read = (bytes) => {
				g.run({ headers: { "X-Mode": "echo" }, path: Uint8Array.from(bytes) })
				return g.json.path
			}
			assert.equal(read([0xf0, 0x9f, 0x98, 0x80, 0xe2, 0x82, 0xac, 0xc3, 0xbc, 0xef, 0xbf, 0xbf, 0xf4, 0x8f, 0xbf, 0xbf]),
				"😀€ü\uffff\u{10ffff}")
			assert.ok(!read([0xc0, 0xaf]).includes("/"), "an overlong slash is none")
		})

		test("logs and tags", async () => {
			const message = "50% of %s %d ü"
			assert.deepEqual((await run("log", { "X-Message": message })).logs,
				["debug", "info", "warning", "error"].map((level, i) => [i, `${message} ${level}`]))
			assert.deepEqual((await run("tag")).tags, ["first line\nsecond line\r\nthird\tline \"quoted\""])
		})

		test("tells time and chance", async () => {
			const values = [0, 0.25, 1 - 2 ** -53]
			let i = 0
			const g = await fresh({ now: () => 1628380800123, random: () => values[i++ % 3] })
			g.run({ headers: { "X-Mode": "time" } })
			assert.equal(g.body, "1628380800123")
			g.run({ headers: { "X-Mode": "rand" } })
			assert.deepEqual(g.json.slice(0, 4), [...values, 0])
		})

		test("parses dates alike in every version", async () => {
			const table = {
				"2021-08-08T00:00:00+00:00": 1628380800000,
				"2021-08-08T00:00:00Z": 1628380800000,
				"2021-08-08T00:00:00": 1628380800000,
				"2021-08-08": 1628380800000,
				"2021-08": 1627776000000,
				"2021": 1609459200000,
				"  2021-08-08 00:00z ": 1628380800000,
				"2021-8-8T0:0:0": 1628380800000,
				"2021-08-08T08:00:00+08:00": 1628380800000,
				"2021-08-08T08:00:00+08": 1628380800000,
				"2021-08-08T05:30:00+0530": 1628380800000,
				"2021-08-07T16:30:00-07:30": 1628380800000,
				"2021-08-08T00:00:00.5Z": 1628380800500,
				"2021-08-08T00:00:00.05Z": 1628380800050,
				"2021-08-08T00:00:00.123456789+00:00": 1628380800123,
				"1969-12-31T23:59:59.999Z": -1,
				"1970-01-01T00:00Z": 0,
				"2000-02-29T12:00:00Z": Date.UTC(2000, 1, 29, 12),
				"2024-02-29": Date.UTC(2024, 1, 29),
				"1900-03-01": Date.UTC(1900, 2, 1),
				"9999-12-31T23:59:59.999Z": Date.UTC(9999, 11, 31, 23, 59, 59, 999),
				"0000-01-01": Date.parse("0000-01-01"),
				"0000-02-29": Date.parse("0000-02-29"),
				"0001-01-01T00:00:00Z": Date.parse("0001-01-01T00:00:00Z"),
			}
			const g = await fresh()
			for (const [text, millis] of Object.entries(table)) {
				assert.equal(g.run({ headers: { "X-Mode": "date", "X-Date": text } }), 0)
				assert.equal(Number(g.body), millis, text)
			}
			for (let i = 0; i < 2000; i++) {
				const date = new Date(Math.floor(-62167219200000 + i * 157760000123.7)).toISOString()
				g.run({ headers: { "X-Mode": "date", "X-Date": date } })
				assert.equal(Number(g.body), Date.parse(date), date)
			}
		})

		test("traps on what is no date, with a message", async () => {
			const table = [
				"", "x", "21", "2021-", "2021-13-01", "2021-00-01", "2021-02-29", "1900-02-29", "2021-04-31",
				"2021-08-00", "2021-08-08T", "2021-08-08T10", "2021-08-08T24:00", "2021-08-08T10:60",
				"2021-08-08T10:00:60", "2021-08-08T10:00:", "2021-08-08T10:00:00.", "2021-08-08T10:00:00+",
				"2021-08-08T10:00:00+8", "2021-08-08T10:00:00+08:", "2021-08-08T10:00:00+24:00",
				"2021-08-08T10:00:00+08:60", "2021-08-08T10:00:00Zx", "2021-08-08T10:00:00 UTC", "20210808",
				"2021-08-08+00:00", "99999-01-01", "now",
			]
			for (const text of table) {
				const g = await fresh()
				assert.throws(() => g.run({ headers: { "X-Mode": "date", "X-Date": text } }), WebAssembly.RuntimeError, text)
				assert.deepEqual(g.logs, [[3, `parseDate: '${text}' is not a valid date`]])
			}
		})

		test("frees all it allocates", async () => {
			const g = await fresh()
			const round = () => {
				for (const mode of ["echo", "headers", "cookies", "body", "cluster", "log", "tag"]) {
					g.run({
						headers: { "X-Mode": mode, Cookie: "a=b; c=d", "X-Key": "p", "X-Many": ["1", "2"] },
						body: new Uint8Array(300).fill(0x78), path: Uint8Array.of(0x2f, 0xff),
					})
					g.logs.length = g.tags.length = 0
				}
			}
			for (let i = 0; i < 200; i++) round()
			const size = g.memorySize
			for (let i = 0; i < 1000; i++) round()
			assert.ok(g.memorySize <= size + 65536, `${size} became ${g.memorySize}`)
		})

		test("survives values which make the memory grow", async () => {
			const g = await fresh()
			const size = g.memorySize
			const big = "ü".repeat(2_000_000)
			g.run({ headers: { "X-Mode": "put", "X-Key": "k", "X-Value": big } })
			assert.equal(g.store.get("k"), big)
			assert.ok(g.memorySize > size)
		})
	})

	describe(`a great many strings, asc ${compiler}`, () => {
		test("arrive as they were", async () => {
			const g = new Guest(await compile(guest("garbage"), compiler))
			const total = compiler === "0.19" ? 100_000 : 1_000_000
			let seen = 0
			let wrong = 0
			g.putString = (key, value) => {
				if (!key.startsWith(`k/${seen}/`) || !isPair(key, value)) wrong++
				seen++
			}
			for (let n = 0; n < total; n += 1000) g.run({ headers: { "X-Count": "1000" } })
			assert.equal(seen, total)
			assert.equal(wrong, 0)
			assert.ok(g.memorySize < 8 << 20, `memory grew to ${g.memorySize}`)
		})
	})
}

const scratch = Buffer.alloc(1024)

function isPair(key, value) {
	const length = scratch.write(key)
	let hash = 0x811c9dc5
	for (let i = 0; i < length; i++) hash = Math.imul(hash ^ scratch[i], 0x01000193)
	return value === (hash >>> 0).toString(16).padStart(8, "0") + ":" + key
}

describe("other ways to compile", () => {
	compile(guest("probe"), "current", debug)
	test("without --use abort=, abort carries the message", async () => {
		const module = await compile(guest("probe"), "current", debug)
		const imports = WebAssembly.Module.imports(module).filter((i) => i.module === "env")
		assert.deepEqual(imports.map((i) => i.name), ["abort"])
		const g = new Guest(module)
		assert.throws(() => g.run({ headers: { "X-Mode": "throw" } }), /thrown by the probe/)
		assert.throws(() => new Guest(module).run({ headers: { "X-Mode": "date", "X-Date": "x" } }),
			/parseDate: 'x' is not a valid date/)
	})

	for (const runtime of ["minimal", "stub"]) {
		const module = compile(guest("garbage"), "current", withRuntime(runtime))
		test(`with the ${runtime} runtime`, async () => {
			const g = new Guest(await module)
			let wrong = 0
			g.putString = (key, value) => void (wrong += isPair(key, value) ? 0 : 1)
			g.run({ headers: { "X-Count": "1000" } })
			assert.equal(wrong, 0)
		})
	}

	test("a program without factory traps with a message", async () => {
		const module = await compile("sdk/assemblyscript/test/assembly/bare.ts")
		assert.throws(() => new Guest(module), WebAssembly.RuntimeError)
	})
})
