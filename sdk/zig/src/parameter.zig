// SPDX-License-Identifier: Apache-2.0
//! The parameters of the filter, by name and type. Call these functions in `init`.
//!
//! A value that is none of the type, a missing one and, once there is one call, a parameter that
//! nobody asks for are refused with their name when the filter is applied. `otherwise` is the value
//! of one that is not given, as the text that the filter would give; null: it must be given.

const abi = @import("abi.zig");
const host = @import("host.zig");
const std = @import("std");

/// As it is.
pub fn text(name: []const u8, otherwise: ?[]const u8) []const u8 {
    return ask(name, "text", otherwise);
}

/// Decimal, of 64 bits.
pub fn integer(name: []const u8, otherwise: ?[]const u8) i64 {
    return toInteger(ask(name, "integer", otherwise));
}

/// A finite number.
pub fn number(name: []const u8, otherwise: ?[]const u8) f64 {
    return std.fmt.parseFloat(f64, ask(name, "number", otherwise)) catch unreachable;
}

/// "true" or "false".
pub fn boolean(name: []const u8, otherwise: ?[]const u8) bool {
    return std.mem.eql(u8, ask(name, "boolean", otherwise), "true");
}

/// Milliseconds, of a text such as "1m30s".
pub fn duration(name: []const u8, otherwise: ?[]const u8) i64 {
    return toInteger(ask(name, "duration", otherwise));
}

/// Milliseconds since 1970, of a text such as "2026-11-27 20:00 Europe/Berlin".
pub fn time(name: []const u8, otherwise: ?[]const u8) i64 {
    return toInteger(ask(name, "time", otherwise));
}

fn toInteger(decimal: []const u8) i64 {
    return std.fmt.parseInt(i64, decimal, 10) catch unreachable;
}

fn ask(name: []const u8, type_name: []const u8, otherwise: ?[]const u8) []const u8 {
    const a = abi.string(name);
    const b = abi.string(type_name);
    if (otherwise) |value| {
        return abi.stringAt(host.host_parameter_or(a.at(), b.at(), abi.string(value).at()));
    }
    return abi.stringAt(host.host_parameter(a.at(), b.at()));
}
