// SPDX-License-Identifier: Apache-2.0
//! The flash sale of the cookbook.

const sluice = @import("sluice");
const std = @import("std");

var start_time: i64 = 0;
var block_ratio: f64 = 0;
var max_permission: i32 = 0;

pub fn init(params: sluice.Params) !void {
    if (params.get("startTime")) |text| start_time = try sluice.parseDate(text);
    if (params.get("blockRatio")) |text| block_ratio = try std.fmt.parseFloat(f64, text);
    if (params.get("maxPermission")) |text| max_permission = try std.fmt.parseInt(i32, text, 10);
}

pub fn run() !sluice.Result {
    if (sluice.now() < start_time) {
        sluice.response.setBody("not start yet.\n");
        return 1;
    }
    const key = sluice.concat(&.{ "id/", sluice.request.getHeader("Authorization") });
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
