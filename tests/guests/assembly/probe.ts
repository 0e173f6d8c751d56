// SPDX-License-Identifier: Apache-2.0

// Does what the request header X-Mode says; see the list in ../README.md.
// Modes with something to tell write JSON to the body of the response.

export * from '../../../sdk/assemblyscript/easegress/proxy'

import {
	Program, addTag, cluster, cookie, getUnixTimeInMs, log, LogLevel, parseDate, rand, request, response,
	parameter, parseDateIn, registerProgramFactory,
} from '../../../sdk/assemblyscript/easegress'

let kept: ArrayBuffer[] = []

class Probe extends Program {
	params: Map<string, string>
	runs: i32 = 0
	declared: string = ""

	constructor(params: Map<string, string>) {
		super(params)
		this.params = params
		if (params.has("declare")) this.declared = declare()
		if (params.has("initMode")) misbehave(params.get("initMode"))
	}

	run(): i32 {
		this.runs++
		const mode = request.getHeader("X-Mode")
		if (mode.startsWith("ret")) return i32(parseInt(mode.substring(3)))

		if (mode == "echo") echo()
		else if (mode == "headers") headers()
		else if (mode == "cookies") cookies()
		else if (mode == "body") body()
		else if (mode == "set") setRequest()
		else if (mode == "status") status()
		else if (mode == "cluster") clusterAll()
		else if (mode == "keep-path") cluster.putString("path/" + request.getPath(), request.getPath())
		else if (mode == "put") cluster.putString(request.getHeader("X-Key"), request.getHeader("X-Value"))
		else if (mode == "enter") enter(request.getHeader("X-Key"))
		else if (mode == "get") say(cluster.getString(request.getHeader("X-Key")))
		else if (mode == "add") say(cluster.addInteger(request.getHeader("X-Key"), amount()).toString())
		else if (mode == "permit") permit()
		else if (mode == "count") say(cluster.countKey(request.getHeader("X-Key")).toString())
		else if (mode.startsWith("put-")) {
			cluster.putString(request.getHeader("X-Key"), request.getHeader("X-Value"))
			const then = mode.substring(4)
			if (then.startsWith("ret")) return i32(parseInt(then.substring(3)))
			misbehave(then)
		}
		else if (mode == "tag") addTag("first line\nsecond line\r\nthird\tline \"quoted\"")
		else if (mode == "log") logAll()
		else if (mode == "rand") randoms()
		else if (mode == "time") time()
		else if (mode == "date") say(parseDate(request.getHeader("X-Date")).getTime().toString())
		else if (mode == "params") this.tellParams()
		else if (mode == "date-in") {
			say(parseDateIn(request.getHeader("X-Date"), request.getHeader("X-Zone")).getTime().toString())
		}
		else if (mode == "declared") say(this.declared)
		else if (mode == "delete") cluster.deleteKey(request.getHeader("X-Key"))
		else if (mode == "runs") say(this.runs.toString())
		else misbehave(mode)
		return 0
	}

	tellParams(): void {
		const json = new Json()
		const keys = this.params.keys().sort()
		for (let i = 0; i < keys.length; i++) json.text(keys[i], this.params.get(keys[i]))
		say(json.end())
	}
}

function declare(): string {
	return [
		parameter.text("declare"), parameter.textOr("greeting", "hello ü"),
		parameter.integer("amount").toString(), parameter.integerOr("least", -7).toString(),
		parameter.number("ratio").toString(), parameter.numberOr("share", 0.25).toString(),
		parameter.boolean("open").toString(), parameter.booleanOr("shut", false).toString(),
		parameter.duration("wait").toString(), parameter.durationOr("rest", "90s").toString(),
		parameter.time("start").toString(), parameter.timeOr("end", "1970-01-01T00:00:01Z").toString(),
	].join("|")
}

function enter(key: string): void {
	const known = cluster.getString(key) != ""
	if (!known) cluster.putString(key, "1")
	say(known ? "known" : "in")
}

function misbehave(mode: string): void {
	if (mode == "loop") {
		while (true) {}
	} else if (mode == "trap") {
		unreachable()
	} else if (mode == "throw") {
		throw new Error("thrown by the probe")
	} else if (mode == "recurse") {
		say(depth(1).toString())
	} else if (mode == "grow") {
		while (true) kept.push(new ArrayBuffer(1 << 20))
	}
}

function depth(n: i32): i32 {
	return n == 0 ? 0 : depth(n + 1) + kept.length
}

function echo(): void {
	const json = new Json()
	json.text("realIp", request.getRealIp())
	json.text("scheme", request.getScheme())
	json.text("proto", request.getProto())
	json.text("method", request.getMethod())
	json.text("host", request.getHost())
	json.text("path", request.getPath())
	json.text("escapedPath", request.getEscapedPath())
	json.text("query", request.getQuery())
	json.text("fragment", request.getFragment())
	json.text("missing", request.getHeader("X-Missing-Header"))
	json.raw("headers", headersJson(request.getAllHeader()))
	json.raw("cookies", cookiesJson(request.getAllCookie()))
	json.text("body", String.UTF8.decode(request.getBody()))
	say(json.end())
}

function setRequest(): void {
	request.setMethod("PUT")
	request.setHost("probe.example:8080")
	request.setPath("/a b/ü")
	request.setQuery("q=1&r=%20")
	request.setBody(String.UTF8.encode("body from the probe"))
	echo()
}

function headers(): void {
	const json = new Json()

	request.setHeader("x-probe", "one")
	request.addHeader("X-PROBE", "two: with a colon")
	request.addHeader("X-Empty", "")
	request.setHeader("X-Gone", "x")
	request.delHeader("x-gone")
	request.delHeader("X-Never-There")
	json.text("first", request.getHeader("X-Probe"))
	json.raw("request", headersJson(request.getAllHeader()))

	response.setHeader("X-Set", "old")
	response.setHeader("X-Set", "new")
	response.addHeader("X-Many", "1")
	response.addHeader("X-Many", "2; a=b: c")
	response.setHeader("X-Gone", "x")
	response.delHeader("X-Gone")
	json.text("set", response.getHeader("x-set"))
	json.raw("response", headersJson(response.getAllHeader()))

	const all = request.getAllHeader()
	all.set("X-Whole", ["a", "b: c", "line\r\nInjected: yes", "ü"])
	request.setAllHeader(all)
	json.raw("whole", headersJson(request.getAllHeader()))

	response.setAllHeader(new Map<string, Array<string>>())
	json.raw("none", headersJson(response.getAllHeader()))
	const reply = new Map<string, Array<string>>()
	reply.set("X-Reply", ["1", "2"])
	response.setAllHeader(reply)
	json.raw("reply", headersJson(response.getAllHeader()))
	say(json.end())
}

function cookies(): void {
	const json = new Json()
	json.raw("all", cookiesJson(request.getAllCookie()))
	const found = request.getCookie(request.getHeader("X-Name"))
	if (found !== null) json.raw("found", cookieJson(found))
	const parsed = cookie.Cookie.unmarshal(request.getHeader("X-Set-Cookie"))
	if (parsed !== null) {
		json.raw("parsed", cookieJson(parsed))
		json.text("again", parsed.marshal())
	}

	let c = new cookie.Cookie()
	c.name = "wasm"
	c.value = "a=b=="
	c.httpOnly = true
	request.addCookie(c)
	json.raw("after", cookiesJson(request.getAllCookie()))

	c.path = "/shop"
	c.domain = "example.com"
	c.maxAge = 3600
	c.secure = true
	c.sameSite = cookie.SameSite.LaxMode
	response.setCookie(c)
	let gone = new cookie.Cookie()
	gone.name = "gone"
	gone.value = "x; Domain=evil\r\n"
	gone.rawExpires = "Thu, 01 Jan 1970 00:00:00 GMT"
	gone.maxAge = -1
	gone.sameSite = cookie.SameSite.NoneMode
	response.setCookie(gone)
	json.raw("response", headersJson(response.getAllHeader()))
	say(json.end())
}

// The response gets the request's body; the request gets an empty one if X-New-Body is missing.
function body(): void {
	const data = request.getBody()
	request.setBody(String.UTF8.encode(request.getHeader("X-New-Body")))
	response.setBody(data)
	if (response.getBody().byteLength != data.byteLength) unreachable()
	response.setHeader("X-Length", data.byteLength.toString())
}

function status(): void {
	const before = response.getStatusCode()
	response.setStatusCode(i32(parseInt(request.getHeader("X-Status"))))
	const json = new Json()
	json.number("before", before)
	json.number("after", response.getStatusCode())
	say(json.end())
}

function clusterAll(): void {
	const json = new Json()
	const p = request.getHeader("X-Key")
	json.number("countBefore", cluster.countKey(p))
	json.text("missingString", cluster.getString(p + "none"))
	json.number("missingBinary", cluster.getBinary(p + "none").byteLength)
	json.number("missingInteger", cluster.getInteger(p + "none"))
	json.raw("missingFloat", cluster.getFloat(p + "none").toString())

	cluster.putString(p + "s", "zwölf 时间 😀")
	json.text("string", cluster.getString(p + "s"))
	json.number("textAsInteger", cluster.getInteger(p + "s"))
	cluster.putString(p + "e", "")
	json.text("emptyString", cluster.getString(p + "e"))

	const data = new Uint8Array(256)
	for (let i = 0; i < 256; i++) data[i] = <u8>i
	cluster.putBinary(p + "b", data.buffer)
	const back = Uint8Array.wrap(cluster.getBinary(p + "b"))
	let equal = back.length == 256
	for (let i = 0; i < back.length && equal; i++) equal = back[i] == <u8>i
	json.raw("binaryEqual", equal ? "true" : "false")

	cluster.putInteger(p + "i", i64.MIN_VALUE)
	json.text("minInteger", cluster.getInteger(p + "i").toString())
	cluster.putInteger(p + "i", 40)
	json.number("sum", cluster.addInteger(p + "i", 5))
	json.number("sumAgain", cluster.AddInteger(p + "i", -3))
	json.number("integer", cluster.getInteger(p + "i"))
	json.number("sumOfNew", cluster.addInteger(p + "n", 7))

	cluster.putFloat(p + "f", 0.1)
	json.raw("float", cluster.getFloat(p + "f").toString())
	json.raw("floatSum", cluster.addFloat(p + "f", 1e300).toString())
	json.raw("floatSumAgain", cluster.AddFloat(p + "g", 2.5).toString())

	json.number("countAfter", cluster.countKey(p))
	json.number("countOther", cluster.countKey(p + "no such prefix"))
	say(json.end())
}

function logAll(): void {
	let message = request.getHeader("X-Message")
	if (message == "") message = "100%s of\n two lines"
	log(LogLevel.Debug, message + " debug")
	log(LogLevel.Info, message + " info")
	log(LogLevel.Warning, message + " warning")
	log(LogLevel.Error, message + " error")
}

function randoms(): void {
	let text = "["
	for (let i = 0; i < 10; i++) text += (i > 0 ? "," : "") + rand().toString()
	say(text + "]")
}

function time(): void {
	say(getUnixTimeInMs().toString())
}

// Counts and creates, as the cookbook does.
function permit(): void {
	const key = request.getHeader("X-Key")
	if (cluster.getString(key) != "") return say(key + " again")
	const count = cluster.countKey("id/")
	if (count >= i32(amount())) return say("no")
	cluster.putString(key, "true")
	say(key + " " + count.toString())
}

function amount(): i64 {
	const text = request.getHeader("X-Value")
	return text == "" ? 1 : <i64>parseInt(text)
}

function say(text: string): void {
	response.setBody(String.UTF8.encode(text))
}

function headersJson(headers: Map<string, Array<string>>): string {
	const json = new Json()
	const names = headers.keys().sort()
	for (let i = 0; i < names.length; i++) {
		const values = headers.get(names[i])
		let list = ""
		for (let j = 0; j < values.length; j++) list += (j > 0 ? "," : "") + quote(values[j])
		json.raw(names[i], "[" + list + "]")
	}
	return json.end()
}

function cookiesJson(cookies: Array<cookie.Cookie>): string {
	let list = ""
	for (let i = 0; i < cookies.length; i++) list += (i > 0 ? "," : "") + cookieJson(cookies[i])
	return "[" + list + "]"
}

function cookieJson(c: cookie.Cookie): string {
	const json = new Json()
	json.text("name", c.name)
	json.text("value", c.value)
	if (c.path != "") json.text("path", c.path)
	if (c.domain != "") json.text("domain", c.domain)
	if (c.rawExpires != "") json.text("expires", c.rawExpires)
	if (c.maxAge != 0) json.number("maxAge", c.maxAge)
	if (c.secure) json.raw("secure", "true")
	if (c.httpOnly) json.raw("httpOnly", "true")
	if (c.sameSite != cookie.SameSite.DefaultMode) json.number("sameSite", c.sameSite)
	return json.end()
}

class Json {
	private out: string = "{"

	raw(name: string, value: string): void {
		if (this.out.length > 1) this.out += ","
		this.out += quote(name) + ":" + value
	}

	text(name: string, value: string): void {
		this.raw(name, quote(value))
	}

	number(name: string, value: i64): void {
		this.raw(name, value.toString())
	}

	end(): string {
		return this.out + "}"
	}
}

function quote(text: string): string {
	let out = "\""
	for (let i = 0; i < text.length; i++) {
		const c = text.charCodeAt(i)
		if (c == 0x22 || c == 0x5c) out += "\\" + text.charAt(i)
		else if (c < 0x20) out += "\\u00" + "0123456789abcdef".charAt(c >> 4) + "0123456789abcdef".charAt(c & 15)
		else out += text.charAt(i)
	}
	return out + "\""
}

registerProgramFactory((params: Map<string, string>) => {
	return new Probe(params)
})
