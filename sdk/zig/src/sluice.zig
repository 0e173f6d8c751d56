// SPDX-License-Identifier: Apache-2.0
//! Programs for the WasmHost filter of the Sluice gateway.
//!
//! A program is a file with `pub fn run() !sluice.Result`, and `pub fn init(params: sluice.Params) !void`
//! if it needs one. It names itself once: `comptime { sluice.program(@This()); }`.
//!
//! Memory: every text that a function below returns lives in `arena`, until `run` or `init` returns.
//! What must live as long as the program is copied to `std.heap.wasm_allocator`. Parameters stay.
//!
//! Errors: an error that `run` or `init` returns is logged by its name and ends the run with
//! `wasmError`. So do `fail`, a panic, memory that runs out, and a call that the gateway refuses.
//! Absent values are empty, absent cookies and parameters null.
//!
//! Texts are bytes: UTF-8 and bytes that are none pass unchanged.

const abi = @import("abi.zig");
const host = @import("host.zig");
const std = @import("std");

pub const cluster = @import("cluster.zig");
pub const cookie = @import("cookie.zig");
pub const parameter = @import("parameter.zig");
pub const request = @import("request.zig");
pub const response = @import("response.zig");
pub const parseDate = @import("date.zig").parse;
pub const parseDateIn = @import("date.zig").parseIn;
pub const Field = @import("headers.zig").Field;

/// How a run ends: 0 lets the pipeline go on, 1 to 9 are `wasmResult1` to `wasmResult9`.
pub const Result = i32;

/// Memory of this run.
pub const arena = abi.arena;

/// The parameters in the configuration of the filter.
pub const Params = struct {
    /// Names and values, one after the other.
    texts: []const []const u8,

    pub fn get(params: Params, name: []const u8) ?[]const u8 {
        var i: usize = 0;
        while (i + 1 < params.texts.len) : (i += 2) {
            if (std.mem.eql(u8, params.texts[i], name)) return params.texts[i + 1];
        }
        return null;
    }
};

pub const Level = enum(i32) { debug, info, warning, err };

/// Writes a line to the log of the gateway.
pub fn log(level: Level, message: []const u8) void {
    const block = abi.string(message);
    defer block.free();
    host.host_log(@intFromEnum(level), block.at());
}

/// Logs the reason and ends the run with `wasmError`. Nothing that the run did remains.
pub fn fail(reason: []const u8) noreturn {
    log(.err, reason);
    @trap();
}

/// Adds a tag to the line of the request in the access log.
pub fn addTag(tag: []const u8) void {
    const block = abi.string(tag);
    defer block.free();
    host.host_add_tag(block.at());
}

/// A random number, at least 0 and less than 1.
pub fn rand() f64 {
    return host.host_rand();
}

/// Milliseconds since 1970-01-01 UTC.
pub fn now() i64 {
    return host.host_get_unix_time_in_ms();
}

/// Texts behind each other, such as a key and its prefix.
pub fn concat(texts: []const []const u8) []u8 {
    return std.mem.concat(arena, u8, texts) catch fail("out of memory");
}

/// Names the program of the module, once.
pub fn program(comptime Program: type) void {
    const exports = struct {
        fn init(address: u32) callconv(.c) void {
            const params = Params{ .texts = abi.takeArrayForGood(address) };
            defer abi.endRun();
            if (!@hasDecl(Program, "init")) return;
            Program.init(params) catch |err| fail(@errorName(err));
        }
        fn run() callconv(.c) i32 {
            defer abi.endRun();
            return Program.run() catch |err| fail(@errorName(err));
        }
    };
    @export(&exports.init, .{ .name = "wasm_init" });
    @export(&exports.run, .{ .name = "wasm_run" });
    @export(&abi.alloc, .{ .name = "wasm_alloc" });
    @export(&abi.free, .{ .name = "wasm_free" });
}
