# SPDX-License-Identifier: Apache-2.0
"""The request. What a program changes goes to the filters behind."""

from wit_world.imports import request as _host

from . import _header
from ._text import decode, encode
from .cookie import Cookie, unmarshal


def get_real_ip() -> str:
    return decode(_host.get_real_ip())


def get_scheme() -> str:
    return decode(_host.get_scheme())


def get_proto() -> str:
    return decode(_host.get_proto())


def get_method() -> str:
    return decode(_host.get_method())


def set_method(method) -> None:
    _host.set_method(encode(method))


def get_host() -> str:
    return decode(_host.get_host())


def set_host(host) -> None:
    _host.set_host(encode(host))


def get_path() -> str:
    """Decoded."""
    return decode(_host.get_path())


def set_path(path) -> None:
    _host.set_path(encode(path))


def get_escaped_path() -> str:
    """As the client wrote it."""
    return decode(_host.get_escaped_path())


def get_query() -> str:
    return decode(_host.get_query())


def set_query(query) -> None:
    _host.set_query(encode(query))


def get_fragment() -> str:
    return decode(_host.get_fragment())


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


def get_cookie(name) -> Cookie | None:
    return unmarshal(decode(_host.get_cookie(encode(name))))


def get_all_cookie() -> list[Cookie]:
    cookies = [unmarshal(decode(text)) for text in _host.get_all_cookie()]
    return [cookie for cookie in cookies if cookie]


def add_cookie(cookie) -> None:
    """A Cookie, or the text name=value."""
    _host.add_cookie(encode(cookie.pair() if isinstance(cookie, Cookie) else cookie))


def get_body() -> bytes:
    return _host.get_body()


def set_body(body) -> None:
    """Text, or bytes."""
    _host.set_body(encode(body))
