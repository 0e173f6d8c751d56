// SPDX-License-Identifier: Apache-2.0

// The response of the current request. There is an empty one to begin with if
// no filter made one before.

import * as host from "./host"
import { Cookie } from "./cookie"
import { newHeaders, takeHeaders } from "./header"
import { drop, newData, newString, takeData, takeString } from "./marshal"

/** The status, 200 if nothing has set one. */
export function getStatusCode(): i32 {
	return host.host_resp_get_status_code()
}

/** Replaces the status, 200 to 599. */
export function setStatusCode(code: i32): void {
	host.host_resp_set_status_code(code)
}

/** First value of the header, "" if there is none. Case of the name does not matter. */
export function getHeader(name: string): string {
	const arg = newString(name)
	const result = host.host_resp_get_header(arg)
	drop(arg)
	return takeString(result)
}

/** All headers by canonical name, every value of each. */
export function getAllHeader(): Map<string, Array<string>> {
	return takeHeaders(host.host_resp_get_all_header())
}

/** Replaces all values of the header by this one. */
export function setHeader(name: string, value: string): void {
	const arg0 = newString(name)
	const arg1 = newString(value)
	host.host_resp_set_header(arg0, arg1)
	drop(arg1)
	drop(arg0)
}

/** Replaces all headers. */
export function setAllHeader(headers: Map<string, Array<string>>): void {
	const arg = newHeaders(headers)
	host.host_resp_set_all_header(arg)
	drop(arg)
}

/** Adds a value to the header. */
export function addHeader(name: string, value: string): void {
	const arg0 = newString(name)
	const arg1 = newString(value)
	host.host_resp_add_header(arg0, arg1)
	drop(arg1)
	drop(arg0)
}

/** Removes all values of the header. */
export function delHeader(name: string): void {
	const arg = newString(name)
	host.host_resp_del_header(arg)
	drop(arg)
}

/** Adds a Set-Cookie header. */
export function setCookie(cookie: Cookie): void {
	const arg = newString(cookie.marshal())
	host.host_resp_set_cookie(arg)
	drop(arg)
}

/** The body. Traps if it is streamed from the backend. */
export function getBody(): ArrayBuffer {
	return takeData(host.host_resp_get_body())
}

/** Replaces the body. Content-Encoding stays as it is. */
export function setBody(body: ArrayBuffer): void {
	const arg = newData(body)
	host.host_resp_set_body(arg)
	drop(arg)
}
