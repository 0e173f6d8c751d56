// SPDX-License-Identifier: Apache-2.0
//! Does what X-Mode says; see README.md in the folder above.

const sluice = @import("sluice");
const std = @import("std");

const Cookie = sluice.cookie.Cookie;
const cluster = sluice.cluster;
const request = sluice.request;
const response = sluice.response;

var out: []const u8 = "";
var parameters: []const u8 = "";
var ratio: f64 = 0;
var depth_sum: u32 = 0;

fn is(a: []const u8, b: []const u8) bool {
    return std.mem.eql(u8, a, b);
}

fn decimal(number: i64) []const u8 {
    return std.fmt.allocPrint(sluice.arena, "{d}", .{number}) catch @trap();
}

pub fn init(_: sluice.Params) !void {
    const parameter = sluice.parameter;
    var all = append("", parameter.text("greeting", "hello ü"));
    all = append(all, decimal(parameter.integer("amount", "-7")));
    all = append(all, if (parameter.boolean("open", "true")) "true" else "false");
    all = append(all, decimal(parameter.duration("wait", "1m30s")));
    all = append(all, decimal(parameter.time("start", "2026-11-27 20:00 Europe/Berlin")));
    parameters = try std.heap.wasm_allocator.dupe(u8, all);
    ratio = parameter.number("ratio", "0.5");
}

pub fn run() !sluice.Result {
    const mode = request.getHeader("X-Mode");
    const key = request.getHeader("X-Key");
    out = "";
    if (is(mode, "every")) {
        every();
    } else if (is(mode, "put")) {
        cluster.putString(key, request.getHeader("X-Value"));
        response.setBody(key);
    } else if (is(mode, "get")) {
        response.setBody(cluster.getString(key));
    } else if (is(mode, "exception")) {
        return error.ThrownByEvery;
    } else {
        misbehave(mode);
        response.setBody("none");
    }
    return 0;
}

fn say(name: []const u8, value: []const u8) void {
    out = sluice.concat(&.{ out, name, "=", value, "\n" });
}

fn sayOk(name: []const u8, ok: bool) void {
    say(name, if (ok) "ok" else "wrong");
}

fn sayNumber(name: []const u8, number: i64) void {
    say(name, decimal(number));
}

fn append(list: []const u8, item: []const u8) []const u8 {
    return sluice.concat(&.{ list, if (list.len > 0) "|" else "", item });
}

fn allOf(fields: []const sluice.Field, wanted: []const u8) []const u8 {
    var list: []const u8 = "";
    for (fields) |field| {
        if (is(field.name, wanted)) list = append(list, field.value);
    }
    return list;
}

fn pair(cookie: Cookie) []const u8 {
    return sluice.concat(&.{ cookie.name, ":", cookie.value });
}

fn allCookies() []const u8 {
    var list: []const u8 = "";
    for (request.getAllCookie()) |cookie| list = append(list, pair(cookie));
    return list;
}

fn every() void {
    readRequest();
    changeRequest();
    changeResponse();
    shareData();
    sluice.addTag("tag é");
    sluice.log(.debug, "every debug");
    sluice.log(.info, "every info");
    sluice.log(.warning, "every warning");
    sluice.log(.err, "every error");
    sayOk("now", sluice.now() > 1_600_000_000_000);
    const number = sluice.rand();
    sayOk("rand", number >= 0 and number < 1);
    sayNumber("date", sluice.parseDateIn("2026-11-27 20:00", "Europe/Berlin"));
    say("parameters", parameters);
    sayOk("number", ratio == 0.5);
    response.setBody(out);
}

fn readRequest() void {
    say("realIp", request.getRealIp());
    say("scheme", request.getScheme());
    say("proto", request.getProto());
    say("method", request.getMethod());
    say("host", request.getHost());
    say("path", request.getPath());
    say("escapedPath", request.getEscapedPath());
    say("query", request.getQuery());
    say("fragment", request.getFragment());
    say("user", request.getHeader("x-user"));
    say("missing", request.getHeader("X-Missing"));
    say("many", allOf(request.getAllHeader(), "X-Many"));
    say("cookie", if (request.getCookie("a")) |cookie| pair(cookie) else "none");
    sayOk("noCookie", request.getCookie("z") == null);
    say("cookies", allCookies());
    say("body", request.getBody());
}

fn changeRequest() void {
    request.setMethod("PUT");
    request.setHost("probe.example:8080");
    request.setPath("/n w/ü");
    request.setQuery("r=%20");
    request.setHeader("X-Set", "old");
    request.setHeader("X-Set", "new");
    request.addHeader("X-Set", "more");
    request.setHeader("X-Gone", "x");
    request.delHeader("x-gone");
    request.addCookie(.{ .name = "c", .value = "3=3" });
    request.setBody("new body");
    say("method", request.getMethod());
    say("host", request.getHost());
    say("path", request.getPath());
    say("query", request.getQuery());
    say("set", allOf(request.getAllHeader(), "X-Set"));
    say("gone", request.getHeader("X-Gone"));
    say("cookies", allCookies());
    say("body", request.getBody());
    request.setAllHeader(&.{
        .{ .name = "X-Whole", .value = "1" },
        .{ .name = "X-Whole", .value = "2\r\nInjected: yes" },
    });
    say("whole", allOf(request.getAllHeader(), "X-Whole"));
}

fn changeResponse() void {
    sayNumber("status", response.getStatusCode());
    response.setStatusCode(201);
    sayNumber("status", response.getStatusCode());
    response.setHeader("X-R", "new");
    response.addHeader("X-R", "more");
    response.setHeader("X-Gone", "x");
    response.delHeader("X-Gone");
    say("response", response.getHeader("x-r"));
    say("response", allOf(response.getAllHeader(), "X-R"));
    response.setAllHeader(&.{ .{ .name = "X-Whole", .value = "a" }, .{ .name = "X-Whole", .value = "b" } });
    const cookie = Cookie{
        .name = "wasm",
        .value = "a=b",
        .path = "/shop",
        .domain = "example.com; x",
        .expires = "Thu, 01 Jan 1970 00:00:00 GMT",
        .max_age = 3600,
        .secure = true,
        .http_only = true,
        .same_site = .lax,
    };
    response.setCookie(cookie);
    const again = Cookie.parse(cookie.text());
    sayOk("parsed", again != null);
    say("setCookie", if (again) |parsed| parsed.text() else "");
    response.setBody("first");
    say("body", response.getBody());
}

fn shareData() void {
    var bytes: [256]u8 = undefined;
    for (&bytes, 0..) |*byte, i| byte.* = @intCast(i);
    sayNumber("count", cluster.countKey("e/"));
    cluster.putBinary("e/b", &bytes);
    sayOk("binary", is(cluster.getBinary("e/b"), &bytes));
    say("none", cluster.getString("e/none"));
    cluster.putString("e/zwölf", "时间 😀");
    say("string", cluster.getString("e/zwölf"));
    cluster.putInteger("e/i", std.math.minInt(i64));
    sayNumber("integer", cluster.getInteger("e/i"));
    cluster.putInteger("e/i", 40);
    sayNumber("sum", cluster.addInteger("e/i", -3));
    cluster.putFloat("e/f", 0.5);
    sayOk("float", cluster.getFloat("e/f") == 0.5);
    sayOk("floatSum", cluster.addFloat("e/f", 1.25) == 1.75);
    sayNumber("count", cluster.countKey("e/"));
    cluster.delete("e/f");
    cluster.delete("e/none");
    sayNumber("count", cluster.countKey("e/"));
}

fn misbehave(mode: []const u8) void {
    if (is(mode, "loop")) {
        const at: *volatile u32 = &depth_sum;
        while (true) at.* +%= 1;
    }
    if (is(mode, "recurse")) sayNumber("depth", depth(1));
    if (is(mode, "grow")) {
        while (true) {
            const more = std.heap.wasm_allocator.alloc(u8, 1 << 20) catch sluice.fail("no memory");
            @as(*volatile u8, &more[0]).* = 1;
        }
    }
}

fn depth(n: u32) u32 {
    const at: *volatile u32 = &depth_sum;
    if (n == 0) return 0;
    const below = depth(n + 1);
    at.* +%= 1;
    return below +% at.*;
}

comptime {
    sluice.program(@This());
}
