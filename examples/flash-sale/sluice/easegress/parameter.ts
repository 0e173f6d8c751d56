// SPDX-License-Identifier: Apache-2.0

// The parameters of the filter, by name and type. Call these functions in the
// constructor of the program. A value that is none of the type, a missing one
// and, once there is one call, a parameter that nobody asks for are refused
// with their name when the filter is applied.

import * as host from "./host"
import { drop, newString, takeString } from "./marshal"

/** As it is. */
export function text(name: string): string {
	return ask(name, "text")
}

/** The same, and `otherwise` if it is not given. */
export function textOr(name: string, otherwise: string): string {
	return askOr(name, "text", otherwise)
}

/** Decimal, of 64 bits. */
export function integer(name: string): i64 {
	const value = ask(name, "integer")
	return I64.parseInt(value)
}

/** The same, and `otherwise` if it is not given. */
export function integerOr(name: string, otherwise: i64): i64 {
	const value = askOr(name, "integer", otherwise.toString())
	return I64.parseInt(value)
}

/** A finite number. */
export function number(name: string): f64 {
	const value = ask(name, "number")
	return F64.parseFloat(value)
}

/** The same, and `otherwise` if it is not given. */
export function numberOr(name: string, otherwise: f64): f64 {
	const value = askOr(name, "number", otherwise.toString())
	return F64.parseFloat(value)
}

/** "true" or "false". */
export function boolean(name: string): bool {
	const value = ask(name, "boolean")
	return value == "true"
}

/** The same, and `otherwise` if it is not given. */
export function booleanOr(name: string, otherwise: bool): bool {
	const value = askOr(name, "boolean", otherwise.toString())
	return value == "true"
}

/** Milliseconds, of a text such as "1m30s". */
export function duration(name: string): i64 {
	const value = ask(name, "duration")
	return I64.parseInt(value)
}

/** The same, and `otherwise` if it is not given. */
export function durationOr(name: string, otherwise: string): i64 {
	const value = askOr(name, "duration", otherwise)
	return I64.parseInt(value)
}

/** Milliseconds since 1970, of a text such as "2026-11-27 20:00 Europe/Berlin". */
export function time(name: string): i64 {
	const value = ask(name, "time")
	return I64.parseInt(value)
}

/** The same, and `otherwise` if it is not given. */
export function timeOr(name: string, otherwise: string): i64 {
	const value = askOr(name, "time", otherwise)
	return I64.parseInt(value)
}

function ask(name: string, type: string): string {
	const arg0 = newString(name)
	const arg1 = newString(type)
	const result = host.host_parameter(arg0, arg1)
	drop(arg1)
	drop(arg0)
	return takeString(result)
}

function askOr(name: string, type: string, otherwise: string): string {
	const arg0 = newString(name)
	const arg1 = newString(type)
	const arg2 = newString(otherwise)
	const result = host.host_parameter_or(arg0, arg1, arg2)
	drop(arg2)
	drop(arg1)
	drop(arg0)
	return takeString(result)
}
