// SPDX-License-Identifier: Apache-2.0
//! The response. Before another filter has made one, it is empty and has the status 200.

const abi = @import("abi.zig");
const headers = @import("headers.zig");
const host = @import("host.zig");

const Cookie = @import("cookie.zig").Cookie;
const Field = headers.Field;

pub fn getStatusCode() i32 {
    return host.host_resp_get_status_code();
}

/// 200 to 599.
pub fn setStatusCode(code: i32) void {
    host.host_resp_set_status_code(code);
}

/// The first value of the header, in any case of its name.
pub fn getHeader(name: []const u8) []const u8 {
    const block = abi.string(name);
    return abi.stringAt(host.host_resp_get_header(block.at()));
}

/// All headers.
pub fn getAllHeader() []Field {
    return headers.parse(abi.stringAt(host.host_resp_get_all_header()));
}

/// Replaces all headers. A line break in a value becomes a blank; a name that has one fails.
pub fn setAllHeader(fields: []const Field) void {
    const block = abi.string(headers.linesOf(fields));
    host.host_resp_set_all_header(block.at());
}

/// Replaces all values of the header by this one.
pub fn setHeader(name: []const u8, value: []const u8) void {
    const key = abi.string(name);
    defer key.free();
    const block = abi.string(value);
    defer block.free();
    host.host_resp_set_header(key.at(), block.at());
}

pub fn addHeader(name: []const u8, value: []const u8) void {
    const key = abi.string(name);
    defer key.free();
    const block = abi.string(value);
    defer block.free();
    host.host_resp_add_header(key.at(), block.at());
}

/// Removes all values of the header.
pub fn delHeader(name: []const u8) void {
    const block = abi.string(name);
    defer block.free();
    host.host_resp_del_header(block.at());
}

/// Adds a Set-Cookie header.
pub fn setCookie(cookie: Cookie) void {
    const block = abi.string(cookie.text());
    host.host_resp_set_cookie(block.at());
}

/// The body. The run fails if it is streamed from the backend.
pub fn getBody() []const u8 {
    return abi.dataAt(host.host_resp_get_body());
}

pub fn setBody(body: []const u8) void {
    const block = abi.data(body);
    defer block.free();
    host.host_resp_set_body(block.at());
}
