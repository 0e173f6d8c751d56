// SPDX-License-Identifier: Apache-2.0
//! Cookies of the Cookie header (name and value only) and of the Set-Cookie header.

const abi = @import("abi.zig");
const sluice = @import("sluice.zig");
const std = @import("std");

pub const SameSite = enum { unset, lax, strict, none };

pub const Cookie = struct {
    name: []const u8,
    value: []const u8,
    path: []const u8 = "",
    domain: []const u8 = "",
    expires: []const u8 = "",
    /// Seconds; 0: no attribute, negative: delete now.
    max_age: i32 = 0,
    secure: bool = false,
    http_only: bool = false,
    same_site: SameSite = .unset,

    /// Reads a pair of a Cookie header or a whole Set-Cookie header.
    pub fn parse(text_: []const u8) ?Cookie {
        var parts = std.mem.splitScalar(u8, text_, ';');
        const first = split(parts.first());
        var cookie = Cookie{ .name = first.name, .value = first.value orelse return null };
        while (parts.next()) |part| {
            const found = split(part);
            cookie.setAttribute(found.name, found.value orelse "");
        }
        return if (cookie.name.len > 0) cookie else null;
    }

    fn setAttribute(cookie: *Cookie, name: []const u8, value: []const u8) void {
        const is = std.ascii.eqlIgnoreCase;
        if (is(name, "path")) cookie.path = value;
        if (is(name, "domain")) cookie.domain = value;
        if (is(name, "expires")) cookie.expires = value;
        if (is(name, "max-age")) {
            const age = std.fmt.parseInt(i64, value, 10) catch return;
            cookie.max_age = if (age <= 0) -1 else @intCast(@min(age, std.math.maxInt(i32)));
        }
        if (is(name, "secure")) cookie.secure = true;
        if (is(name, "httponly")) cookie.http_only = true;
        if (!is(name, "samesite")) return;
        cookie.same_site = .unset;
        if (is(value, "lax")) cookie.same_site = .lax;
        if (is(value, "strict")) cookie.same_site = .strict;
        if (is(value, "none")) cookie.same_site = .none;
    }

    /// Name and value, as a Cookie header has them.
    pub fn pair(cookie: Cookie) []const u8 {
        if (!isToken(cookie.name)) sluice.fail("cookie: not a name");
        return sluice.concat(&.{ cookie.name, "=", clean(cookie.value) });
    }

    /// The text of a Set-Cookie header. What would end a value early is left out of it.
    pub fn text(cookie: Cookie) []const u8 {
        var out = cookie.pair();
        if (cookie.path.len > 0) out = sluice.concat(&.{ out, "; Path=", clean(cookie.path) });
        if (cookie.domain.len > 0) out = sluice.concat(&.{ out, "; Domain=", clean(cookie.domain) });
        if (cookie.expires.len > 0) out = sluice.concat(&.{ out, "; Expires=", clean(cookie.expires) });
        if (cookie.max_age != 0) {
            var digits: [10]u8 = undefined;
            const age = std.fmt.bufPrint(&digits, "{d}", .{@max(cookie.max_age, 0)}) catch unreachable;
            out = sluice.concat(&.{ out, "; Max-Age=", age });
        }
        if (cookie.secure) out = sluice.concat(&.{ out, "; Secure" });
        if (cookie.http_only) out = sluice.concat(&.{ out, "; HttpOnly" });
        return switch (cookie.same_site) {
            .unset => out,
            .lax => sluice.concat(&.{ out, "; SameSite=Lax" }),
            .strict => sluice.concat(&.{ out, "; SameSite=Strict" }),
            .none => sluice.concat(&.{ out, "; SameSite=None" }),
        };
    }
};

const Part = struct { name: []const u8, value: ?[]const u8 };

fn split(part: []const u8) Part {
    const blanks = " \t\r";
    const equals = std.mem.findScalar(u8, part, '=') orelse {
        return .{ .name = std.mem.trim(u8, part, blanks), .value = null };
    };
    const name = std.mem.trim(u8, part[0..equals], blanks);
    return .{ .name = name, .value = std.mem.trim(u8, part[equals + 1 ..], blanks) };
}

fn isToken(name: []const u8) bool {
    for (name) |c| {
        if (c <= 0x20 or c >= 0x7f) return false;
        if (std.mem.findScalar(u8, "()<>@,;:\\\"/[]?={}", c) != null) return false;
    }
    return name.len > 0;
}

fn clean(value: []const u8) []const u8 {
    const out = abi.arena.alloc(u8, value.len) catch @trap();
    var size: usize = 0;
    for (value) |c| {
        if (c < 0x20 or c == ';' or c == 0x7f) continue;
        out[size] = c;
        size += 1;
    }
    return out[0..size];
}
