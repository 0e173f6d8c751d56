// SPDX-License-Identifier: Apache-2.0
//! Data that all instances share, on all members. Each filter has keys of its own.
//!
//! A run is one serializable transaction: it sees one state and its own writes, and what it writes
//! counts when it returns, as a whole or not at all.

const abi = @import("abi.zig");
const host = @import("host.zig");

/// The bytes, none if there is no such key.
pub fn getBinary(key: []const u8) []const u8 {
    const block = abi.string(key);
    return abi.dataAt(host.host_cluster_get_binary(block.at()));
}

pub fn putBinary(key_text: []const u8, value: []const u8) void {
    const key = abi.string(key_text);
    defer key.free();
    const block = abi.data(value);
    defer block.free();
    host.host_cluster_put_binary(key.at(), block.at());
}

/// The value, empty if there is none.
pub fn getString(key: []const u8) []const u8 {
    const block = abi.string(key);
    return abi.stringAt(host.host_cluster_get_string(block.at()));
}

pub fn putString(key_text: []const u8, value: []const u8) void {
    const key = abi.string(key_text);
    defer key.free();
    const block = abi.string(value);
    defer block.free();
    host.host_cluster_put_string(key.at(), block.at());
}

/// The value, 0 if there is none or it is no integer.
pub fn getInteger(key: []const u8) i64 {
    const block = abi.string(key);
    defer block.free();
    return host.host_cluster_get_integer(block.at());
}

pub fn putInteger(key: []const u8, value: i64) void {
    const block = abi.string(key);
    defer block.free();
    host.host_cluster_put_integer(block.at(), value);
}

/// Adds, and returns the sum.
pub fn addInteger(key: []const u8, value: i64) i64 {
    const block = abi.string(key);
    defer block.free();
    return host.host_cluster_add_integer(block.at(), value);
}

/// The value, 0 if there is none or it is no number.
pub fn getFloat(key: []const u8) f64 {
    const block = abi.string(key);
    defer block.free();
    return host.host_cluster_get_float(block.at());
}

pub fn putFloat(key: []const u8, value: f64) void {
    const block = abi.string(key);
    defer block.free();
    host.host_cluster_put_float(block.at(), value);
}

/// Adds, and returns the sum.
pub fn addFloat(key: []const u8, value: f64) f64 {
    const block = abi.string(key);
    defer block.free();
    return host.host_cluster_add_float(block.at(), value);
}

/// Removes the key, if it is there.
pub fn delete(key: []const u8) void {
    const block = abi.string(key);
    defer block.free();
    host.host_cluster_delete(block.at());
}

/// The number of keys that begin with the prefix.
pub fn countKey(prefix: []const u8) i32 {
    const block = abi.string(prefix);
    defer block.free();
    return host.host_cluster_count_key(block.at());
}
