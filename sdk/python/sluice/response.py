# SPDX-License-Identifier: Apache-2.0
"""The response, which is 200 and empty at first."""

from wit_world.imports import response as _host

from . import _header
from ._text import decode, encode
from .cookie import Cookie


def get_status_code() -> int:
    return _host.get_status_code()


def set_status_code(status: int) -> None:
    """200 to 599."""
    _host.set_status_code(status)


def get_header(name) -> str:
    """The first field of the name; "" if there is none."""
    return decode(_host.get_header(encode(name)))


def get_all_header() -> dict[str, list[str]]:
    return _header.parse(_host.get_all_header())


def set_all_header(headers) -> None:
    _host.set_all_header(_header.lines(headers))


def set_header(name, value) -> None:
    _host.set_header(encode(name), encode(value))


def add_header(name, value) -> None:
    _host.add_header(encode(name), encode(value))


def del_header(name) -> None:
    _host.del_header(encode(name))


def set_cookie(cookie) -> None:
    """A Cookie, or the text of a Set-Cookie field."""
    _host.set_cookie(encode(cookie.marshal() if isinstance(cookie, Cookie) else cookie))


def get_body() -> bytes:
    return _host.get_body()


def set_body(body) -> None:
    """Text, or bytes."""
    _host.set_body(encode(body))
