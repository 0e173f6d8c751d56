// SPDX-License-Identifier: Apache-2.0
// Step 3: of all requests, 40 % are turned away.

const start = parseDate("2021-08-08T00:00:00+00:00");
const blockRatio = 0.4;

export function run() {
  if (now() < start) {
    response.setBody("not start yet.\n");
    return 1;
  }
  if (rand() > blockRatio) return 0;
  response.setBody("sold out.\n");
  return 2;
}
