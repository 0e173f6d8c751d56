# SPDX-License-Identifier: Apache-2.0
"""Lines of the server's log."""

from wit_world.imports import host as _host

from ._text import encode


def _write(level: int, values) -> None:
    _host.log(level, encode(" ".join(str(value) for value in values)))


def debug(*values) -> None:
    _write(0, values)


def info(*values) -> None:
    _write(1, values)


def warn(*values) -> None:
    _write(2, values)


def error(*values) -> None:
    _write(3, values)
