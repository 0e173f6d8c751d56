// SPDX-License-Identifier: Apache-2.0
//! The flash sale of the cookbook.

const sluice = @import("sluice");
const std = @import("std");

var start_time: i64 = 0;
var block_ratio: f64 = 0;
var max_permission: i64 = 0;

pub fn init(_: sluice.Params) !void {
    start_time = sluice.parameter.time("startTime", null);
    block_ratio = sluice.parameter.number("blockRatio", "0");
    max_permission = sluice.parameter.integer("maxPermission", null);
}

pub fn run() !sluice.Result {
    if (sluice.now() < start_time) {
        sluice.response.setBody("not start yet.\n");
        return 1;
    }
    const user = sluice.request.getHeader("Authorization");
    if (user.len == 0) return 3; // without a name, all visitors would be one user
    const key = sluice.concat(&.{ "id/", user });
    if (std.mem.eql(u8, sluice.cluster.getString(key), "true")) return 0;

    // Counting and putting are one transaction: never one too many.
    if (sluice.cluster.countKey("id/") < max_permission and sluice.rand() > block_ratio) {
        sluice.cluster.putString(key, "true");
        return 0;
    }
    sluice.response.setBody("sold out.\n");
    return 2;
}

comptime {
    sluice.program(@This());
}
