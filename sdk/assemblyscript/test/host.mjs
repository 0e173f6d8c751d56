// SPDX-License-Identifier: Apache-2.0

// The gateway's side of the interface, in JavaScript and as strict as it can
// be: an argument which is not marshalled to the letter fails the run.

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

const canonical = (name) => name.toLowerCase().replace(/(^|-)[a-z]/g, (c) => c.toUpperCase())

export class Headers {
	constructor(lines = []) {
		this.map = new Map()
		for (const [name, value] of lines) this.add(name, value)
	}
	get(name) {
		return this.map.get(canonical(name))?.[0] ?? ""
	}
	all(name) {
		return this.map.get(canonical(name)) ?? []
	}
	set(name, value) {
		this.map.set(canonical(name), [value])
	}
	add(name, value) {
		const values = this.map.get(canonical(name))
		if (values) values.push(value)
		else this.set(name, value)
	}
	delete(name) {
		this.map.delete(canonical(name))
	}
	text() {
		let text = ""
		for (const name of [...this.map.keys()].sort()) {
			for (const value of this.map.get(name)) text += `${name}: ${value}\r\n`
		}
		return text
	}
	static parse(text) {
		const headers = new Headers()
		if (text === "") return headers
		if (!text.endsWith("\r\n")) throw new Error("headers: no final line break")
		for (const line of text.slice(0, -2).split("\r\n")) {
			const match = /^([^:\s]+):[ \t]*(.*?)[ \t]*$/s.exec(line)
			if (!match) throw new Error(`headers: bad line ${JSON.stringify(line)}`)
			headers.add(match[1], match[2])
		}
		return headers
	}
}

export function newRequest(fields = {}) {
	const { headers = [], ...rest } = fields
	return {
		realIp: "192.0.2.7", scheme: "http", proto: "HTTP/1.1", method: "GET", host: "shop.example",
		path: "/flashsale", escapedPath: "/flashsale", query: "", fragment: "", body: new Uint8Array(),
		headers: new Headers(Object.entries(headers).flatMap(
			([name, value]) => [value].flat().map((v) => [name, v]))),
		...rest,
	}
}

export class Guest {
	/** `store` is a map of the shared data, `now` and `random` are functions. */
	constructor(module, { params = {}, store = new Map(), now = Date.now, random = Math.random } = {}) {
		Object.assign(this, { store, now, random, params, logs: [], tags: [], asked: [], blocks: 0, putString: null })
		this.imported = WebAssembly.Module.imports(module)
		this.begin(newRequest())
		this.instance = new WebAssembly.Instance(module, {
			easegress: this.functions(),
			env: {
				abort: (message, file, line) => {
					throw new Error(`abort at line ${line}: ${this.managedString(message)}`)
				},
				seed: () => 1,
				"Date.now": () => this.now(),
			},
		})
		this.exports = this.instance.exports
		const items = Object.entries(params).flat()
		this.exports.wasm_init(this.newStrings(items))
	}

	begin(request) {
		this.request = request
		this.response = { status: 200, headers: new Headers(), body: new Uint8Array() }
	}

	/** Runs the program on a request made of the fields given; returns what it returns. */
	run(fields) {
		this.begin(newRequest(fields))
		return this.exports.wasm_run()
	}

	// The gateway checks and reads the texts: here they are only noted.
	parseDate(text, zone) {
		this.asked.push([text, zone])
		return Date.parse(text)
	}

	parameter(name, type, otherwise) {
		this.asked.push([name, type, otherwise])
		return this.params[name] ?? otherwise
	}

	get body() {
		return Buffer.from(this.response.body).toString()
	}

	get json() {
		return JSON.parse(this.body)
	}

	get memorySize() {
		return this.exports.memory.buffer.byteLength
	}

	// ----- marshalling -----

	get bytes() {
		// The buffer changes when the memory grows.
		const buffer = this.exports.memory.buffer
		if (this.view?.buffer !== buffer) this.view = Buffer.from(buffer)
		return this.view
	}

	managedString(address) {
		if (address === 0) return ""
		const length = this.bytes.readUInt32LE(address - 4)
		return this.bytes.toString("utf16le", address, address + length)
	}

	alloc(size) {
		const address = this.exports.wasm_alloc(size) >>> 0
		if (address === 0 || address + size > this.bytes.length) throw new Error("wasm_alloc: bad address")
		// Whatever is left of an earlier value must not help the guest.
		this.bytes.fill(0xa5, address, address + size)
		return address
	}

	newString(text) {
		const bytes = text instanceof Uint8Array ? text : encoder.encode(text)
		const address = this.alloc(bytes.length + 5)
		this.writeString(address, bytes)
		return address
	}

	writeString(address, bytes) {
		this.bytes.writeUInt32LE(bytes.length + 1, address)
		this.bytes.set(bytes, address + 4)
		this.bytes[address + 4 + bytes.length] = 0
	}

	newStrings(texts) {
		const items = texts.map((text) => encoder.encode(text))
		const address = this.alloc(items.reduce((size, item) => size + item.length + 5, 4))
		this.bytes.writeUInt32LE(items.length, address)
		let at = address + 4
		for (const item of items) {
			this.writeString(at, item)
			at += item.length + 5
		}
		return address
	}

	newData(data) {
		const address = this.alloc(data.length + 4)
		this.bytes.writeUInt32LE(data.length, address)
		this.bytes.set(data, address + 4)
		return address
	}

	string(address) {
		const bytes = this.bytes
		const length = bytes.readInt32LE(address >>>= 0) - 1
		if (length < 0 || address + 4 + length >= bytes.length) throw new Error("argument: bad string length")
		if (bytes[address + 4 + length] !== 0) throw new Error("argument: string without final zero")
		const text = bytes.subarray(address + 4, address + 4 + length)
		try {
			return utf8.decode(text)
		} catch {
			return text.toString("latin1") // not UTF-8: one unit for each byte
		}
	}

	data(address) {
		const bytes = this.bytes
		const length = bytes.readInt32LE(address >>>= 0)
		if (length < 0 || address + 4 + length > bytes.length) throw new Error("argument: bad data length")
		return new Uint8Array(bytes.subarray(address + 4, address + 4 + length))
	}

	// ----- the functions -----

	functions() {
		const text = (field) => () => this.newString(this.request[field])
		const setText = (field) => (p) => void (this.request[field] = this.string(p))
		const headers = (prefix, of) => ({
			[`${prefix}_get_header`]: (name) => this.newString(of().headers.get(this.string(name))),
			[`${prefix}_get_all_header`]: () => this.newString(of().headers.text()),
			[`${prefix}_set_header`]: (name, value) => of().headers.set(this.string(name), this.string(value)),
			[`${prefix}_set_all_header`]: (p) => void (of().headers = Headers.parse(this.string(p))),
			[`${prefix}_add_header`]: (name, value) => of().headers.add(this.string(name), this.string(value)),
			[`${prefix}_del_header`]: (name) => of().headers.delete(this.string(name)),
			[`${prefix}_get_body`]: () => this.newData(of().body),
			[`${prefix}_set_body`]: (p) => void (of().body = this.data(p)),
		})
		const cookies = () => this.request.headers.all("Cookie").flatMap((line) => line.split("; "))
		const integer = (key) => {
			const value = this.store.get(key)
			return /^-?\d+$/.test(value) ? BigInt(value) : 0n
		}
		const float = (key) => Number(this.store.get(key)) || 0

		return {
			host_req_get_real_ip: text("realIp"),
			host_req_get_scheme: text("scheme"),
			host_req_get_proto: text("proto"),
			host_req_get_method: text("method"),
			host_req_set_method: setText("method"),
			host_req_get_host: text("host"),
			host_req_set_host: setText("host"),
			host_req_get_path: text("path"),
			host_req_set_path: (p) => {
				this.request.path = this.string(p)
				this.request.escapedPath = encodeURI(this.request.path)
			},
			host_req_get_escaped_path: text("escapedPath"),
			host_req_get_query: text("query"),
			host_req_set_query: setText("query"),
			host_req_get_fragment: text("fragment"),
			...headers("host_req", () => this.request),
			host_req_get_cookie: (p) => {
				const name = this.string(p)
				return this.newString(cookies().find((pair) => pair.startsWith(name + "=")) ?? "")
			},
			host_req_get_all_cookie: () => this.newStrings(cookies()),
			host_req_add_cookie: (p) => {
				this.request.headers.set("Cookie", [...cookies(), this.string(p)].join("; "))
			},
			host_resp_get_status_code: () => this.response.status,
			host_resp_set_status_code: (code) => void (this.response.status = code),
			...headers("host_resp", () => this.response),
			host_resp_set_cookie: (p) => this.response.headers.add("Set-Cookie", this.string(p)),
			host_cluster_get_binary: (key) => {
				return this.newData(Buffer.from(this.store.get(this.string(key)) ?? "", "base64"))
			},
			host_cluster_put_binary: (key, value) => {
				this.store.set(this.string(key), Buffer.from(this.data(value)).toString("base64"))
			},
			host_cluster_get_string: (key) => this.newString(this.store.get(this.string(key)) ?? ""),
			host_cluster_put_string: (key, value) => {
				if (this.putString) this.putString(this.string(key), this.string(value))
				else this.store.set(this.string(key), this.string(value))
			},
			host_cluster_get_integer: (key) => integer(this.string(key)),
			host_cluster_put_integer: (key, value) => void this.store.set(this.string(key), String(value)),
			host_cluster_add_integer: (p, delta) => {
				const key = this.string(p)
				const sum = BigInt.asIntN(64, integer(key) + delta)
				this.store.set(key, String(sum))
				return sum
			},
			host_cluster_get_float: (key) => float(this.string(key)),
			host_cluster_put_float: (key, value) => void this.store.set(this.string(key), String(value)),
			host_cluster_add_float: (p, delta) => {
				const key = this.string(p)
				const sum = float(key) + delta
				this.store.set(key, String(sum))
				return sum
			},
			host_cluster_delete: (key) => void this.store.delete(this.string(key)),
			host_cluster_count_key: (p) => {
				const prefix = this.string(p)
				let count = 0
				for (const key of this.store.keys()) if (key.startsWith(prefix)) count++
				return count
			},
			host_add_tag: (p) => void this.tags.push(this.string(p)),
			host_log: (level, p) => void this.logs.push([level, this.string(p)]),
			host_get_unix_time_in_ms: () => BigInt(Math.trunc(this.now())),
			host_rand: () => this.random(),
			host_parse_date: (text, zone) => BigInt(this.parseDate(this.string(text), this.string(zone))),
			host_parameter: (name, type) => this.newString(this.parameter(this.string(name), this.string(type))),
			host_parameter_or: (name, type, otherwise) => {
				return this.newString(this.parameter(this.string(name), this.string(type), this.string(otherwise)))
			},
		}
	}
}
