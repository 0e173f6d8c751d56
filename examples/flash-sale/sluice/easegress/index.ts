// SPDX-License-Identifier: Apache-2.0

// What programs import. The entry file of a program also needs
// `export * from '<sdk>/easegress/proxy'`, the functions the gateway calls.

import * as cluster from "./cluster"
import * as cookie from "./cookie"
import * as host from "./host"
import { drop, fail, newString } from "./marshal"
import * as parameter from "./parameter"
import * as request from "./request"
import * as response from "./response"

export { cluster, cookie, parameter, request, response }
export { parseDate, parseDateIn } from "./date"

/**
 * Base class of programs. The gateway makes one object per instance of the
 * module, and an instance works on one request at a time.
 *
 * A run is one transaction on the shared data. When it conflicts
 * with another run, what it did to data, request, response and tags is dropped
 * and it is executed again; fields of the program and globals then keep what the
 * first execution left in them.
 */
export class Program {
	/** Called once, with the parameters from the configuration of the filter. */
	constructor(params: Map<string, string>) {}

	/**
	 * Called for every request. 0 lets the pipeline go on, 1 to 9 are the
	 * results wasmResult1 to wasmResult9, anything else is wasmError.
	 */
	run(): i32 {
		return 0
	}
}

type ProgramFactory = (params: Map<string, string>) => Program

let programFactory: ProgramFactory | null = null

/** Tells how to make the program; call it once at the top level of the entry file. */
export function registerProgramFactory(factory: (params: Map<string, string>) => Program): void {
	programFactory = factory
}

/** Makes the program with the registered factory. */
export function createProgram(params: Map<string, string>): Program {
	const factory = programFactory
	if (factory === null) {
		fail("no program: registerProgramFactory was not called")
		return new Program(params)
	}
	return factory(params)
}

/** Adds a tag to the access log line of the request. */
export function addTag(tag: string): void {
	const arg = newString(tag)
	host.host_add_tag(arg)
	drop(arg)
}

/** The levels of log(). */
export enum LogLevel {
	Debug = 0,
	Info = 1,
	Warning = 2,
	Error = 3,
}

/** Writes a message to the log of the gateway. */
export function log(level: LogLevel, message: string): void {
	const arg = newString(message)
	host.host_log(level, arg)
	drop(arg)
}

/** Milliseconds since 1970-01-01 UTC. */
export function getUnixTimeInMs(): i64 {
	return host.host_get_unix_time_in_ms()
}

/** A random number, at least 0 and less than 1. */
export function rand(): f64 {
	return host.host_rand()
}
