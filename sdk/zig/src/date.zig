// SPDX-License-Identifier: Apache-2.0
const abi = @import("abi.zig");
const host = @import("host.zig");
const std = @import("std");

/// Reads `YYYY[-MM[-DD]][Thh:mm[:ss[.fraction]][zone]]`, a blank for the `T` too, into milliseconds
/// since 1970. The zone is `Z`, `+hh`, `+hhmm` or `+hh:mm`, or the same with `-`; none means UTC.
pub fn parse(text: []const u8) error{NotADate}!i64 {
    var reader = Reader{ .rest = std.mem.trim(u8, text, " ") };
    var sum = try reader.day();
    if (reader.rest.len > 0) {
        if (!reader.skip('T') and !reader.skip(' ')) return error.NotADate;
        sum += try reader.time();
        sum -= try reader.zone();
    }
    return if (reader.rest.len == 0) sum else error.NotADate;
}

/// The same of a text that may end with the name of a zone behind a blank: `2026-11-27 20:00
/// Europe/Berlin`. `zone` is the name of the zone of a text that has none; empty: UTC, of which the
/// gateway warns in its log. Any other text ends the run.
pub fn parseIn(text: []const u8, zone: []const u8) i64 {
    const block = abi.string(text);
    defer block.free();
    const name = abi.string(zone);
    defer name.free();
    return host.host_parse_date(block.at(), name.at());
}

const Reader = struct {
    rest: []const u8,

    fn skip(reader: *Reader, c: u8) bool {
        if (reader.rest.len == 0 or reader.rest[0] != c) return false;
        reader.rest = reader.rest[1..];
        return true;
    }

    fn number(reader: *Reader, digits: usize, low: i64, high: i64) error{NotADate}!i64 {
        if (reader.rest.len < digits) return error.NotADate;
        var value: i64 = 0;
        for (reader.rest[0..digits]) |c| {
            if (c < '0' or c > '9') return error.NotADate;
            value = value * 10 + (c - '0');
        }
        reader.rest = reader.rest[digits..];
        return if (value >= low and value <= high) value else error.NotADate;
    }

    fn day(reader: *Reader) !i64 {
        const year = try reader.number(4, 1, 9999);
        const month = if (reader.skip('-')) try reader.number(2, 1, 12) else 1;
        const in_month = if (reader.skip('-')) try reader.number(2, 1, 31) else 1;
        const next = if (month == 12) daysBefore(year + 1, 1, 1) else daysBefore(year, month + 1, 1);
        const days = daysBefore(year, month, in_month);
        return if (days < next) days * 86_400_000 else error.NotADate;
    }

    fn time(reader: *Reader) !i64 {
        var sum = try reader.number(2, 0, 23) * 3_600_000;
        if (!reader.skip(':')) return error.NotADate;
        sum += try reader.number(2, 0, 59) * 60_000;
        if (reader.skip(':')) sum += try reader.number(2, 0, 59) * 1000;
        if (!reader.skip('.')) return sum;
        var unit: i64 = 100;
        sum += try reader.number(1, 0, 9) * unit;
        while (reader.rest.len > 0 and std.ascii.isDigit(reader.rest[0])) {
            unit = @divTrunc(unit, 10);
            sum += try reader.number(1, 0, 9) * unit;
        }
        return sum;
    }

    fn zone(reader: *Reader) !i64 {
        if (reader.rest.len == 0 or reader.skip('Z')) return 0;
        const west = reader.skip('-');
        if (!west and !reader.skip('+')) return error.NotADate;
        const hours = try reader.number(2, 0, 23);
        _ = reader.skip(':');
        const minutes = if (reader.rest.len > 0) try reader.number(2, 0, 59) else 0;
        return (hours * 60 + minutes) * @as(i64, if (west) -60_000 else 60_000);
    }
};

// The year begins in March: the leap day is its last.
fn daysBefore(year: i64, month: i64, day: i64) i64 {
    const y = if (month > 2) year else year - 1;
    const m = if (month > 2) month - 3 else month + 9;
    const leaps = @divFloor(y, 4) - @divFloor(y, 100) + @divFloor(y, 400);
    return y * 365 + leaps + @divFloor(153 * m + 2, 5) + day - 1 - 719_468;
}
