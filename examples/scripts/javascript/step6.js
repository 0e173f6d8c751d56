// SPDX-License-Identifier: Apache-2.0
// Step 6: the complete sale. Its parameters come from the configuration of the filter.

let start, blockRatio, maxPermission;

export function init(params) {
  start = Date.parse(params.startTime ?? "1970-01-01");
  blockRatio = Number(params.blockRatio ?? 0);
  maxPermission = Number(params.maxPermission ?? 0);
}

export function run() {
  if (now() < start) {
    response.setBody("not start yet.\n");
    return 1;
  }
  const key = "id/" + request.getHeader("Authorization");
  if (cluster.getString(key) === "true") return 0;
  if (cluster.countKey("id/") < maxPermission && rand() > blockRatio) {
    cluster.putString(key, "true");
    return 0;
  }
  response.setBody("sold out.\n");
  return 2;
}
