# SPDX-License-Identifier: Apache-2.0
"""Cookies of a Cookie header (name and value only) and of a Set-Cookie header."""

from dataclasses import dataclass
from enum import IntEnum

_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


class SameSite(IntEnum):
    DEFAULT = 0
    LAX = 1
    STRICT = 2
    NONE = 3


_SAME_SITES = ("", "Lax", "Strict", "None")


def _clean(text) -> str:
    return "".join(c for c in str(text) if c >= " " and c not in ";\x7f")


@dataclass
class Cookie:
    name: str = ""
    value: str = ""
    path: str = ""
    domain: str = ""
    expires: str = ""
    max_age: int = 0  # seconds; 0: no attribute, negative: delete now
    secure: bool = False
    http_only: bool = False
    same_site: SameSite = SameSite.DEFAULT

    def pair(self) -> str:
        if not self.name or not _TOKEN.issuperset(self.name):
            raise ValueError(f"no name of a cookie: {self.name}")
        return f"{self.name}={_clean(self.value)}"

    def marshal(self) -> str:
        """As a Set-Cookie field. What would end a value early is left out of it."""
        text = self.pair()
        for name, value in (("Path", self.path), ("Domain", self.domain), ("Expires", self.expires)):
            if value:
                text += f"; {name}={_clean(value)}"
        if self.max_age:
            text += f"; Max-Age={max(self.max_age, 0)}"
        if self.secure:
            text += "; Secure"
        if self.http_only:
            text += "; HttpOnly"
        if self.same_site:
            text += f"; SameSite={_SAME_SITES[self.same_site]}"
        return text

    def _set(self, name: str, value: str) -> None:
        if name in ("path", "domain", "expires"):
            setattr(self, name, value)
        elif name == "max-age" and value.lstrip("-").isdecimal() and value.isascii():
            self.max_age = int(value) if int(value) > 0 else -1
        elif name == "secure":
            self.secure = True
        elif name == "httponly":
            self.http_only = True
        elif name == "samesite":
            known = [site.lower() for site in _SAME_SITES]
            self.same_site = SameSite(known.index(value.lower())) if value.lower() in known else SameSite.DEFAULT


def unmarshal(text: str) -> Cookie | None:
    """Reads a pair of a Cookie header, or a whole Set-Cookie field."""
    first, *attributes = text.split(";")
    name, found, value = first.partition("=")
    if not found or not name.strip():
        return None
    cookie = Cookie(name.strip(), value.strip())
    for attribute in attributes:
        name, _, value = attribute.partition("=")
        cookie._set(name.strip().lower(), value.strip())
    return cookie
