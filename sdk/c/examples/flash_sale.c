// SPDX-License-Identifier: Apache-2.0
// The flash sale of the cookbook.
#include "../sluice.h"

static int64_t start_time;
static double block_ratio;
static double max_permission;

void sluice_init(void) {
  sluice_text value;
  if (sluice_params_get(SLUICE_TEXT("startTime"), &value) && !sluice_parse_date(value, &start_time))
    sluice_fail(SLUICE_TEXT("startTime is not a date"));
  if (sluice_params_get(SLUICE_TEXT("blockRatio"), &value) &&
      !sluice_to_number(value, &block_ratio))
    sluice_fail(SLUICE_TEXT("blockRatio is not a number"));
  if (sluice_params_get(SLUICE_TEXT("maxPermission"), &value) &&
      !sluice_to_number(value, &max_permission))
    sluice_fail(SLUICE_TEXT("maxPermission is not a number"));
}

int32_t sluice_run(void) {
  if (sluice_now() < start_time) {
    sluice_response_set_body(SLUICE_TEXT("not start yet.\n"));
    return 1;
  }
  const sluice_text user = sluice_request_get_header(SLUICE_TEXT("Authorization"));
  const sluice_text key = sluice_concat(SLUICE_TEXT("id/"), user);
  if (sluice_equal(sluice_cluster_get_string(key), SLUICE_TEXT("true"))) return 0;

  // Counting and putting are one transaction: never one too many.
  if (sluice_cluster_count_key(SLUICE_TEXT("id/")) < max_permission &&
      sluice_rand() > block_ratio) {
    sluice_cluster_put_string(key, SLUICE_TEXT("true"));
    return 0;
  }
  sluice_response_set_body(SLUICE_TEXT("sold out.\n"));
  return 2;
}
