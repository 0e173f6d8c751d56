// SPDX-License-Identifier: Apache-2.0

// Data shared by all instances of the program, in all members of the cluster,
// and kept when programs or pipelines change. Each filter has its own keys.
//
// Every run of a program is one serializable transaction: it sees one state of
// the data plus its own writes, and its writes are buffered and applied
// together, once, when run() returns - or not at all, if it traps, times out
// or the store can not take them. When another run changed something this one
// looked at, by getting or counting, this one may be executed again on the newer
// state before anything of it counts. "If fewer than N keys, put one more" is
// therefore exact. What a second execution does find changed are the guest's
// own globals and fields, which are not rolled back: keep what must be exact
// here, not there.

import * as host from "./host"
import { drop, newData, newString, takeData, takeString } from "./marshal"

/** The value of the key, empty if there is none. */
export function getBinary(key: string): ArrayBuffer {
	const arg = newString(key)
	const result = host.host_cluster_get_binary(arg)
	drop(arg)
	return takeData(result)
}

/** Sets the value of the key to bytes. */
export function putBinary(key: string, value: ArrayBuffer): void {
	const arg0 = newString(key)
	const arg1 = newData(value)
	host.host_cluster_put_binary(arg0, arg1)
	drop(arg1)
	drop(arg0)
}

/** The value of the key, "" if there is none. */
export function getString(key: string): string {
	const arg = newString(key)
	const result = host.host_cluster_get_string(arg)
	drop(arg)
	return takeString(result)
}

/** Sets the value of the key to a text. */
export function putString(key: string, value: string): void {
	const arg0 = newString(key)
	const arg1 = newString(value)
	host.host_cluster_put_string(arg0, arg1)
	drop(arg1)
	drop(arg0)
}

/** The value of the key, 0 if there is none or it is no integer. */
export function getInteger(key: string): i64 {
	const arg = newString(key)
	const result = host.host_cluster_get_integer(arg)
	drop(arg)
	return result
}

/** Sets the value of the key to an integer. */
export function putInteger(key: string, value: i64): void {
	const arg = newString(key)
	host.host_cluster_put_integer(arg, value)
	drop(arg)
}

/** Adds to the value of the key and returns the sum. */
export function addInteger(key: string, delta: i64): i64 {
	const arg = newString(key)
	const result = host.host_cluster_add_integer(arg, delta)
	drop(arg)
	return result
}

/** The value of the key, 0 if there is none or it is no number. */
export function getFloat(key: string): f64 {
	const arg = newString(key)
	const result = host.host_cluster_get_float(arg)
	drop(arg)
	return result
}

/** Sets the value of the key to a number. */
export function putFloat(key: string, value: f64): void {
	const arg = newString(key)
	host.host_cluster_put_float(arg, value)
	drop(arg)
}

/** Adds to the value of the key and returns the sum. */
export function addFloat(key: string, delta: f64): f64 {
	const arg = newString(key)
	const result = host.host_cluster_add_float(arg, delta)
	drop(arg)
	return result
}

/** Removes the key, if it is there. */
export function deleteKey(key: string): void {
	const arg = newString(key)
	host.host_cluster_delete(arg)
	drop(arg)
}

/** Number of keys which start with the prefix. */
export function countKey(prefix: string): i32 {
	const arg = newString(prefix)
	const result = host.host_cluster_count_key(arg)
	drop(arg)
	return result
}

/** Another spelling of addInteger. */
export function AddInteger(key: string, delta: i64): i64 {
	return addInteger(key, delta)
}

/** Another spelling of addFloat. */
export function AddFloat(key: string, delta: f64): f64 {
	return addFloat(key, delta)
}
