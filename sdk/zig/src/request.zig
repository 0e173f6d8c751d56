// SPDX-License-Identifier: Apache-2.0
//! The request that the filter is working on.

const abi = @import("abi.zig");
const headers = @import("headers.zig");
const host = @import("host.zig");
const std = @import("std");

const Cookie = @import("cookie.zig").Cookie;
const Field = headers.Field;

/// The address of the client, behind trusted proxies, too.
pub fn getRealIp() []const u8 {
    return abi.stringAt(host.host_req_get_real_ip());
}

/// `http` or `https`.
pub fn getScheme() []const u8 {
    return abi.stringAt(host.host_req_get_scheme());
}

/// The protocol, such as `HTTP/1.1`.
pub fn getProto() []const u8 {
    return abi.stringAt(host.host_req_get_proto());
}

pub fn getMethod() []const u8 {
    return abi.stringAt(host.host_req_get_method());
}

pub fn setMethod(method: []const u8) void {
    const block = abi.string(method);
    defer block.free();
    host.host_req_set_method(block.at());
}

/// The Host header, with the port if there is one.
pub fn getHost() []const u8 {
    return abi.stringAt(host.host_req_get_host());
}

pub fn setHost(name: []const u8) void {
    const block = abi.string(name);
    defer block.free();
    host.host_req_set_host(block.at());
}

/// The path, decoded.
pub fn getPath() []const u8 {
    return abi.stringAt(host.host_req_get_path());
}

pub fn setPath(path: []const u8) void {
    const block = abi.string(path);
    defer block.free();
    host.host_req_set_path(block.at());
}

/// The path with its escapes.
pub fn getEscapedPath() []const u8 {
    return abi.stringAt(host.host_req_get_escaped_path());
}

/// The query without the question mark.
pub fn getQuery() []const u8 {
    return abi.stringAt(host.host_req_get_query());
}

pub fn setQuery(query: []const u8) void {
    const block = abi.string(query);
    defer block.free();
    host.host_req_set_query(block.at());
}

/// Empty as a rule: clients do not send the fragment.
pub fn getFragment() []const u8 {
    return abi.stringAt(host.host_req_get_fragment());
}

/// The first value of the header, in any case of its name.
pub fn getHeader(name: []const u8) []const u8 {
    const block = abi.string(name);
    return abi.stringAt(host.host_req_get_header(block.at()));
}

/// All headers but Host.
pub fn getAllHeader() []Field {
    return headers.parse(abi.stringAt(host.host_req_get_all_header()));
}

/// Replaces all headers. A line break in a value becomes a blank; a name that has one fails.
pub fn setAllHeader(fields: []const Field) void {
    const block = abi.string(headers.linesOf(fields));
    host.host_req_set_all_header(block.at());
}

/// Replaces all values of the header by this one.
pub fn setHeader(name: []const u8, value: []const u8) void {
    const key = abi.string(name);
    defer key.free();
    const block = abi.string(value);
    defer block.free();
    host.host_req_set_header(key.at(), block.at());
}

pub fn addHeader(name: []const u8, value: []const u8) void {
    const key = abi.string(name);
    defer key.free();
    const block = abi.string(value);
    defer block.free();
    host.host_req_add_header(key.at(), block.at());
}

/// Removes all values of the header.
pub fn delHeader(name: []const u8) void {
    const block = abi.string(name);
    defer block.free();
    host.host_req_del_header(block.at());
}

/// The cookie of this name.
pub fn getCookie(name: []const u8) ?Cookie {
    const block = abi.string(name);
    return Cookie.parse(abi.stringAt(host.host_req_get_cookie(block.at())));
}

pub fn getAllCookie() []Cookie {
    var all: std.ArrayList(Cookie) = .empty;
    for (abi.arrayAt(abi.arena, host.host_req_get_all_cookie())) |text| {
        if (Cookie.parse(text)) |found| all.append(abi.arena, found) catch @trap();
    }
    return all.items;
}

/// Adds a cookie, of which the request carries name and value only.
pub fn addCookie(cookie: Cookie) void {
    const block = abi.string(cookie.pair());
    host.host_req_add_cookie(block.at());
}

/// The body. The run fails if the server streams it.
pub fn getBody() []const u8 {
    return abi.dataAt(host.host_req_get_body());
}

pub fn setBody(body: []const u8) void {
    const block = abi.data(body);
    defer block.free();
    host.host_req_set_body(block.at());
}
