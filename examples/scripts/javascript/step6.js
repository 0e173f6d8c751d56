// SPDX-License-Identifier: Apache-2.0
// Step 6: the complete sale. Its parameters come from the configuration of the filter.

let start, blockRatio, maxPermission;

export function init() {
  start = parameter.time("startTime");
  blockRatio = parameter.number("blockRatio", 0);
  maxPermission = parameter.integer("maxPermission");
}

export function run() {
  if (now() < start) {
    response.setBody("not start yet.\n");
    return 1;
  }
  const user = request.getHeader("Authorization");
  if (user === "") return 3; // without a name, all visitors would be one user
  const key = "id/" + user;
  if (cluster.getString(key) === "true") return 0;
  if (cluster.countKey("id/") < maxPermission && rand() > blockRatio) {
    cluster.putString(key, "true");
    return 0;
  }
  response.setBody("sold out.\n");
  return 2;
}
