# SPDX-License-Identifier: Apache-2.0
"""The flash sale of the cookbook."""

from sluice import cluster, now, parameter, rand, request, response


def init(params):
    global start_time, block_ratio, max_permission
    start_time = parameter.time("startTime")
    block_ratio = parameter.number("blockRatio", 0)
    max_permission = parameter.integer("maxPermission")


def run():
    if now() < start_time:
        response.set_body("not start yet.\n")
        return 1
    user = request.get_header("Authorization")
    if user == "":
        return 3  # without a name, all visitors would be one user
    key = "id/" + user
    if cluster.get_string(key) == "true":
        return 0
    # Counting and putting are one transaction: never one too many.
    if cluster.count_key("id/") < max_permission and rand() > block_ratio:
        cluster.put_string(key, "true")
        return 0
    response.set_body("sold out.\n")
    return 2
