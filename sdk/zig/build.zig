// SPDX-License-Identifier: Apache-2.0
const std = @import("std");

pub fn build(b: *std.Build) void {
    _ = b.addModule("sluice", .{ .root_source_file = b.path("src/sluice.zig") });
}
