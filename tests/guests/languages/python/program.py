# SPDX-License-Identifier: Apache-2.0
"""Does what X-Mode says; see README.md in the folder above."""

import os
import socket
import time

from sluice import add_tag, cluster, cookie, log, now, parameter, parse_date, rand, request, response

out = []
given = []
ratio = 0.0


def init(params):
    global ratio
    given.append(parameter.text("greeting", "hello ü"))
    given.append(parameter.integer("amount", -7))
    given.append("true" if parameter.boolean("open", True) else "false")
    given.append(parameter.duration("wait", "1m30s"))
    given.append(parameter.time("start", "2026-11-27 20:00 Europe/Berlin"))
    ratio = parameter.number("ratio", 0.5)


def say(name, value):
    out.append(f"{name}={value}\n")


def say_ok(name, good):
    say(name, "ok" if good else "wrong")


def all_of(headers, wanted):
    return "|".join(value for name, values in headers.items() if name.lower() == wanted.lower() for value in values)


def pair(found):
    return f"{found.name}:{found.value}"


def all_cookies():
    return "|".join(pair(each) for each in request.get_all_cookie())


def read_request():
    say("realIp", request.get_real_ip())
    say("scheme", request.get_scheme())
    say("proto", request.get_proto())
    say("method", request.get_method())
    say("host", request.get_host())
    say("path", request.get_path())
    say("escapedPath", request.get_escaped_path())
    say("query", request.get_query())
    say("fragment", request.get_fragment())
    say("user", request.get_header("x-user"))
    say("missing", request.get_header("X-Missing"))
    say("many", all_of(request.get_all_header(), "X-Many"))
    say("cookie", pair(request.get_cookie("a")))
    say_ok("noCookie", request.get_cookie("z") is None)
    say("cookies", all_cookies())
    say("body", request.get_body().decode())


def change_request():
    request.set_method("PUT")
    request.set_host("probe.example:8080")
    request.set_path("/n w/ü")
    request.set_query("r=%20")
    request.set_header("X-Set", "old")
    request.set_header("X-Set", "new")
    request.add_header("X-Set", "more")
    request.set_header("X-Gone", "x")
    request.del_header("x-gone")
    request.add_cookie(cookie.Cookie("c", "3=3"))
    request.set_body("new body")
    say("method", request.get_method())
    say("host", request.get_host())
    say("path", request.get_path())
    say("query", request.get_query())
    say("set", all_of(request.get_all_header(), "X-Set"))
    say("gone", request.get_header("X-Gone"))
    say("cookies", all_cookies())
    say("body", request.get_body().decode())
    request.set_all_header({"X-Whole": ["1", "2\r\nInjected: yes"]})
    say("whole", all_of(request.get_all_header(), "X-Whole"))


def change_response():
    say("status", response.get_status_code())
    response.set_status_code(201)
    say("status", response.get_status_code())
    response.set_header("X-R", "new")
    response.add_header("X-R", "more")
    response.set_header("X-Gone", "x")
    response.del_header("X-Gone")
    say("response", response.get_header("x-r"))
    say("response", all_of(response.get_all_header(), "X-R"))
    response.set_all_header({"X-Whole": ["a", "b"]})
    made = cookie.Cookie(
        "wasm",
        "a=b",
        path="/shop",
        domain="example.com; x",
        expires="Thu, 01 Jan 1970 00:00:00 GMT",
        max_age=3600,
        secure=True,
        http_only=True,
        same_site=cookie.SameSite.LAX,
    )
    response.set_cookie(made)
    again = cookie.unmarshal(made.marshal())
    say_ok("parsed", again is not None)
    say("setCookie", again.marshal())
    response.set_body("first")
    say("body", response.get_body().decode())


def share_data():
    binary = bytes(range(256))
    say("count", cluster.count_key("e/"))
    cluster.put_binary("e/b", binary)
    say_ok("binary", cluster.get_binary("e/b") == binary)
    say("none", cluster.get_string("e/none"))
    cluster.put_string("e/zwölf", "时间 😀")
    say("string", cluster.get_string("e/zwölf"))
    cluster.put_integer("e/i", -(2**63))
    say("integer", cluster.get_integer("e/i"))
    cluster.put_integer("e/i", 40)
    say("sum", cluster.add_integer("e/i", -3))
    cluster.put_float("e/f", 0.5)
    say_ok("float", cluster.get_float("e/f") == 0.5)
    say_ok("floatSum", cluster.add_float("e/f", 1.25) == 1.75)
    say("count", cluster.count_key("e/"))
    cluster.delete("e/f")
    cluster.delete("e/none")
    say("count", cluster.count_key("e/"))


def every():
    read_request()
    change_request()
    change_response()
    share_data()
    add_tag("tag é")
    log.debug("every debug")
    log.info("every info")
    log.warn("every warning")
    log.error("every error")
    say_ok("now", now() > 1600000000000)
    say_ok("rand", 0 <= rand() < 1)
    say("date", parse_date("2026-11-27 20:00", "Europe/Berlin"))
    say("parameters", "|".join(map(str, given)))
    say_ok("number", ratio == 0.5)
    response.set_body("".join(out))


def loop():
    while True:
        pass


def recurse(depth=0):
    return 1 + recurse(depth + 1)


def grow():
    kept = []
    while True:
        kept.append(bytes(1 << 20))


def sleep():
    time.sleep(20)


def exception():
    raise ValueError("thrown by every")


def file():
    try:
        open("/etc/passwd").close()
    except OSError:
        return "none"
    return "there"


def environment():
    return "there" if os.environ.get("PATH") or len(os.environ) > 0 else "none"


def open_socket():
    try:
        with socket.socket() as made:
            made.connect(("127.0.0.1", 22))
    except OSError:
        return "none"
    return "there"


MISBEHAVE = {"loop": loop, "recurse": recurse, "grow": grow, "sleep": sleep, "exception": exception}
OUTSIDE = {"file": file, "environment": environment, "socket": open_socket}


def run():
    mode = request.get_header("X-Mode")
    key = request.get_header("X-Key")
    out.clear()
    if mode == "every":
        every()
    elif mode == "put":
        cluster.put_string(key, request.get_header("X-Value"))
        response.set_body(key)
    elif mode == "get":
        response.set_body(cluster.get_string(key))
    elif mode in MISBEHAVE:
        MISBEHAVE[mode]()
    else:
        response.set_body(OUTSIDE[mode]() if mode in OUTSIDE else "none")
    return 0
