// SPDX-License-Identifier: Apache-2.0
const abi = @import("abi.zig");
const sluice = @import("sluice.zig");
const std = @import("std");

const blanks = " \t\r";

/// A header; names may repeat.
pub const Field = struct { name: []const u8, value: []const u8 };

pub fn parse(text: []const u8) []Field {
    var fields: std.ArrayList(Field) = .empty;
    var lines = std.mem.splitScalar(u8, text, '\n');
    while (lines.next()) |line| {
        const colon = std.mem.findScalar(u8, line, ':') orelse continue;
        const name = std.mem.trim(u8, line[0..colon], blanks);
        const value = std.mem.trim(u8, line[colon + 1 ..], blanks);
        fields.append(abi.arena, .{ .name = name, .value = value }) catch @trap();
    }
    return fields.items;
}

/// A line break in a value becomes a blank, so that it is no header of its own.
pub fn linesOf(fields: []const Field) []const u8 {
    var text: []const u8 = "";
    for (fields) |field| {
        for (field.name) |c| {
            if (c == '\r' or c == '\n' or c == ':') sluice.fail("setAllHeader: not the name of a header");
        }
        const value = abi.arena.dupe(u8, field.value) catch @trap();
        for (value) |*c| {
            if (c.* == '\r' or c.* == '\n') c.* = ' ';
        }
        text = sluice.concat(&.{ text, field.name, ": ", value, "\r\n" });
    }
    return text;
}
