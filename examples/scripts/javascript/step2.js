// SPDX-License-Identifier: Apache-2.0
// Step 2: nobody passes before the sale begins.

const start = parseDate("2021-08-08T00:00:00+00:00");

export function run() {
  if (now() < start) {
    response.setBody("not start yet.\n");
    return 1;
  }
  return 0;
}
