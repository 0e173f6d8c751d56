// SPDX-License-Identifier: Apache-2.0

// Dates in text. Date.parse of AssemblyScript differs between versions (the
// older ones skip the time zone without a word), so it is not used.

import * as host from "./host"
import { drop, fail, newString } from "./marshal"

/**
 * Parses "YYYY[-MM[-DD]][Thh:mm[:ss[.fraction]][zone]]" where zone is "Z",
 * "+hh", "+hhmm", "+hh:mm" or the same with "-"; none means UTC. A blank may
 * stand for the T, and a leading zero may be missing except in the year and
 * the zone. Digits after the millisecond are cut off. Anything else is logged
 * as an error and traps.
 */
export function parseDate(text: string): Date {
	const reader = new Reader(text.trim())
	const millis = reader.date()
	if (reader.bad || !reader.atEnd()) fail("parseDate: '" + text + "' is not a valid date")
	return new Date(millis)
}

/**
 * The same, and the text may end with the name of a zone, behind a blank:
 * "2026-11-27 20:00 Europe/Berlin". `zone` is the zone of a text that has none:
 * a name, or "" for UTC, which the gateway warns of in its log.
 */
export function parseDateIn(text: string, zone: string): Date {
	const arg0 = newString(text)
	const arg1 = newString(zone)
	const millis = host.host_parse_date(arg0, arg1)
	drop(arg1)
	drop(arg0)
	return new Date(millis)
}

class Reader {
	bad: bool = false
	private at: i32 = 0

	constructor(private text: string) {}

	atEnd(): bool {
		return this.at == this.text.length
	}

	date(): i64 {
		const year = this.number(4, 4)
		let month: i32 = 1
		let day: i32 = 1
		if (this.skip("-")) {
			month = this.between(1, 12)
			if (this.skip("-")) day = this.between(1, daysOfMonth(year, month))
		}
		const millis = daysBefore(year, month, day) * 86400000
		if (this.atEnd()) return millis
		if (!this.skip("T") && !this.skip("t") && !this.skip(" ")) this.bad = true
		return millis + this.time()
	}

	private time(): i64 {
		let millis = <i64>this.between(0, 23) * 3600000
		this.expect(":")
		millis += <i64>this.between(0, 59) * 60000
		if (this.skip(":")) {
			millis += <i64>this.between(0, 59) * 1000
			if (this.skip(".")) millis += this.fraction()
		}
		return millis - this.zone()
	}

	private fraction(): i64 {
		const start = this.at
		let millis: i64 = 0
		let unit: i64 = 100
		while (this.atDigit()) {
			millis += unit * this.digit()
			unit /= 10
		}
		if (this.at == start) this.bad = true
		return millis
	}

	private zone(): i64 {
		if (this.atEnd() || this.skip("Z") || this.skip("z")) return 0
		const west = this.skip("-")
		if (!west) this.expect("+")
		const hours = this.number(2, 2)
		let minutes: i32 = 0
		if (this.skip(":") || this.atDigit()) minutes = this.number(2, 2)
		if (hours > 23 || minutes > 59) this.bad = true
		const millis = <i64>(hours * 60 + minutes) * 60000
		return west ? -millis : millis
	}

	private between(low: i32, high: i32): i32 {
		const value = this.number(1, 2)
		if (value < low || value > high) {
			this.bad = true
			return low
		}
		return value
	}

	private number(least: i32, most: i32): i32 {
		let digits: i32 = 0
		let value: i32 = 0
		while (digits < most && this.atDigit()) {
			value = value * 10 + this.digit()
			digits++
		}
		if (digits < least) this.bad = true
		return value
	}

	private atDigit(): bool {
		if (this.atEnd()) return false
		const c = this.text.charCodeAt(this.at)
		return c >= 0x30 && c <= 0x39
	}

	private digit(): i32 {
		return this.text.charCodeAt(this.at++) - 0x30
	}

	private skip(char: string): bool {
		if (this.atEnd() || this.text.charCodeAt(this.at) != char.charCodeAt(0)) return false
		this.at++
		return true
	}

	private expect(char: string): void {
		if (!this.skip(char)) this.bad = true
	}
}

function isLeap(year: i32): bool {
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

function daysOfMonth(year: i32, month: i32): i32 {
	if (month == 2) return isLeap(year) ? 29 : 28
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31
}

// Days from 1970-01-01 to the day, in the Gregorian calendar. The months are
// counted from March, so that the leap day is the last of a year.
function daysBefore(year: i32, month: i32, day: i32): i64 {
	const y: i32 = (month > 2 ? year : year - 1) + 400
	const m: i32 = month > 2 ? month - 3 : month + 9
	const days = y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1
	return <i64>days - 146097 - 719468
}
