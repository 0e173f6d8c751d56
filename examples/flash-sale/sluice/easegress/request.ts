// SPDX-License-Identifier: Apache-2.0

// The request which the filter is working on.

import * as host from "./host"
import { Cookie } from "./cookie"
import { newHeaders, takeHeaders } from "./header"
import { drop, newData, newString, takeData, takeString, takeStringArray } from "./marshal"

/** Address of the client, behind trusted proxies too. */
export function getRealIp(): string {
	return takeString(host.host_req_get_real_ip())
}

/** "http" or "https". */
export function getScheme(): string {
	return takeString(host.host_req_get_scheme())
}

/** The protocol, for example "HTTP/1.1". */
export function getProto(): string {
	return takeString(host.host_req_get_proto())
}

/** The method, for example "GET". */
export function getMethod(): string {
	return takeString(host.host_req_get_method())
}

/** Replaces the method. One that is no token ends the run. */
export function setMethod(method: string): void {
	const arg = newString(method)
	host.host_req_set_method(arg)
	drop(arg)
}

/** The Host header, with the port if there is one. */
export function getHost(): string {
	return takeString(host.host_req_get_host())
}

/** Replaces the Host header. */
export function setHost(name: string): void {
	const arg = newString(name)
	host.host_req_set_host(arg)
	drop(arg)
}

/** The path with percent-encoding undone. */
export function getPath(): string {
	return takeString(host.host_req_get_path())
}

/** Replaces the path by this decoded one. One with . or .. segments ends the run. */
export function setPath(path: string): void {
	const arg = newString(path)
	host.host_req_set_path(arg)
	drop(arg)
}

/** The path with percent-encoding. */
export function getEscapedPath(): string {
	return takeString(host.host_req_get_escaped_path())
}

/** The query string without the question mark. */
export function getQuery(): string {
	return takeString(host.host_req_get_query())
}

/** Replaces the query string; "" removes it. Blanks and # must be encoded. */
export function setQuery(query: string): void {
	const arg = newString(query)
	host.host_req_set_query(arg)
	drop(arg)
}

/** Normally "": clients do not send the fragment. */
export function getFragment(): string {
	return takeString(host.host_req_get_fragment())
}

/** First value of the header, "" if there is none. Case of the name does not matter. */
export function getHeader(name: string): string {
	const arg = newString(name)
	const result = host.host_req_get_header(arg)
	drop(arg)
	return takeString(result)
}

/** All headers but Host, by canonical name, every value of each. */
export function getAllHeader(): Map<string, Array<string>> {
	return takeHeaders(host.host_req_get_all_header())
}

/** Replaces all values of the header by this one. */
export function setHeader(name: string, value: string): void {
	const arg0 = newString(name)
	const arg1 = newString(value)
	host.host_req_set_header(arg0, arg1)
	drop(arg1)
	drop(arg0)
}

/** Replaces all headers. */
export function setAllHeader(headers: Map<string, Array<string>>): void {
	const arg = newHeaders(headers)
	host.host_req_set_all_header(arg)
	drop(arg)
}

/** Adds a value to the header. */
export function addHeader(name: string, value: string): void {
	const arg0 = newString(name)
	const arg1 = newString(value)
	host.host_req_add_header(arg0, arg1)
	drop(arg1)
	drop(arg0)
}

/** Removes all values of the header. */
export function delHeader(name: string): void {
	const arg = newString(name)
	host.host_req_del_header(arg)
	drop(arg)
}

/** The cookie of this name, null if there is none. */
export function getCookie(name: string): Cookie | null {
	const arg = newString(name)
	const result = host.host_req_get_cookie(arg)
	drop(arg)
	return Cookie.unmarshal(takeString(result))
}

/** All cookies of the request, in their order. */
export function getAllCookie(): Array<Cookie> {
	const texts = takeStringArray(host.host_req_get_all_cookie())
	const cookies = new Array<Cookie>()
	for (let i = 0; i < texts.length; i++) {
		const cookie = Cookie.unmarshal(texts[i])
		if (cookie !== null) cookies.push(cookie)
	}
	return cookies
}

/** Adds a cookie; a request carries only its name and value. */
export function addCookie(cookie: Cookie): void {
	const arg = newString(cookie.pair())
	host.host_req_add_cookie(arg)
	drop(arg)
}

/** The body. Traps if the server was told to stream it. */
export function getBody(): ArrayBuffer {
	return takeData(host.host_req_get_body())
}

/** Replaces the body. */
export function setBody(body: ArrayBuffer): void {
	const arg = newData(body)
	host.host_req_set_body(arg)
	drop(arg)
}
