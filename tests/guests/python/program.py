# SPDX-License-Identifier: Apache-2.0
"""Does what X-Mode says: what only a component does, or only Python."""

import random
import time

from sluice import params, request, response


def init(given):
    if given.get("fail"):
        raise LookupError(given["fail"])


def echo():
    response.set_body(request.get_body())


def draw():
    response.set_body(str(random.getrandbits(64)))


def say():
    print("printed by the guest")


def status():
    response.set_status_code(9999)


def nap():
    before = time.monotonic()
    time.sleep(0.03)
    assert time.monotonic() - before >= 0.03
    response.set_body("awake")


def stdin():
    response.set_body(repr(open(0).read()))


def leave():
    raise SystemExit(3)


def wrong():
    return "seven"


def too_high():
    return 10


def truth():
    return True


def too_large():
    return 2**40


def library():
    return random.sample([], 3)  # fails in a module of Python


def surrogate():
    raise ValueError("\udcff")


def parameters():
    response.set_body(params["größe"])


def run():
    return globals()[request.get_header("X-Mode")]()
