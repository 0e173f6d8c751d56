// SPDX-License-Identifier: Apache-2.0
// The flash sale of the cookbook.
#include "../sluice.h"

static int64_t start_time;
static double block_ratio;
static int64_t max_permission;

void sluice_init(void) {
  start_time = sluice_parameter_time(SLUICE_TEXT("startTime"));
  block_ratio = sluice_parameter_number_or(SLUICE_TEXT("blockRatio"), SLUICE_TEXT("0"));
  max_permission = sluice_parameter_integer(SLUICE_TEXT("maxPermission"));
}

int32_t sluice_run(void) {
  if (sluice_now() < start_time) {
    sluice_response_set_body(SLUICE_TEXT("not start yet.\n"));
    return 1;
  }
  const sluice_text user = sluice_request_get_header(SLUICE_TEXT("Authorization"));
  if (user.size == 0) return 3;  // without a name, all visitors would be one user
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
