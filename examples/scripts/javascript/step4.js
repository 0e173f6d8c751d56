// SPDX-License-Identifier: Apache-2.0
// Step 4: lucky once, lucky always.

const start = parseDate("2021-08-08T00:00:00+00:00");
const blockRatio = 0.4;

export function run() {
  if (now() < start) {
    response.setBody("not start yet.\n");
    return 1;
  }
  const user = request.getHeader("Authorization");
  if (user === "") return 3; // without a name, all visitors would be one user
  const key = "id/" + user;
  if (cluster.getString(key) === "true") return 0;
  if (rand() > blockRatio) {
    cluster.putString(key, "true");
    return 0;
  }
  response.setBody("sold out.\n");
  return 2;
}
