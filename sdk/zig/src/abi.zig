// SPDX-License-Identifier: Apache-2.0
//! How values cross the border. A block is a length (u32, little-endian) and bytes. A string counts
//! a final zero in its length, data has none. An array is a count and strings.

const std = @import("std");

const length_bytes = 4;

var memory = std.heap.ArenaAllocator.init(std.heap.wasm_allocator);

pub const arena = memory.allocator();

/// The texts of a run end with it; the memory stays for the next one.
pub fn endRun() void {
    _ = memory.reset(.retain_capacity);
}

pub fn alloc(size: u32) callconv(.c) u32 {
    const block = arena.alignedAlloc(u8, .@"4", size) catch return 0;
    return @intFromPtr(block.ptr);
}

/// The arena ends with the run.
pub fn free(_: u32) callconv(.c) void {}

/// An argument, which ends with the call.
pub const Block = struct {
    bytes: []u8,

    pub fn at(block: Block) [*]const u8 {
        return block.bytes.ptr;
    }
    pub fn free(block: Block) void {
        arena.free(block.bytes);
    }
};

fn newBlock(bytes: []const u8, zeros: usize) Block {
    const out = arena.alloc(u8, length_bytes + bytes.len + zeros) catch @trap();
    std.mem.writeInt(u32, out[0..length_bytes], @intCast(bytes.len + zeros), .little);
    @memcpy(out[length_bytes..][0..bytes.len], bytes);
    @memset(out[length_bytes + bytes.len ..], 0);
    return .{ .bytes = out };
}

pub fn string(text: []const u8) Block {
    return newBlock(text, 1);
}

pub fn data(bytes: []const u8) Block {
    return newBlock(bytes, 0);
}

pub fn dataAt(address: u32) []const u8 {
    const block: [*]const u8 = @ptrFromInt(address);
    const length = std.mem.readInt(u32, block[0..length_bytes], .little);
    return block[length_bytes..][0..length];
}

pub fn stringAt(address: u32) []const u8 {
    const bytes = dataAt(address);
    return bytes[0 .. bytes.len - 1];
}

pub fn arrayAt(allocator: std.mem.Allocator, address: u32) [][]const u8 {
    const block: [*]const u8 = @ptrFromInt(address);
    const count = std.mem.readInt(u32, block[0..length_bytes], .little);
    const texts = allocator.alloc([]const u8, count) catch @trap();
    var at = address + length_bytes;
    for (texts) |*text| {
        text.* = stringAt(at);
        at += @intCast(length_bytes + text.len + 1);
    }
    return texts;
}

/// Texts that outlive the run.
pub fn takeArrayForGood(address: u32) []const []const u8 {
    const texts = arrayAt(std.heap.wasm_allocator, address);
    for (texts) |*text| text.* = std.heap.wasm_allocator.dupe(u8, text.*) catch @trap();
    return texts;
}
