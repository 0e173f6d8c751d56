# SPDX-License-Identifier: Apache-2.0
"""Finds the copies of small helpers: trim, hex, escapes, UTF-8, host:port, reading a file.

A function belongs to a family if its body does the family's work by hand. Under one of the family's names,
traces of such work are enough: `trim(job)` of a database, or a `hex()` that only calls the home's function, is
no copy. All are patterns, so the list is for reading: the count is of definitions outside test code, the home
included."""

import re
from dataclasses import dataclass

from cpp_source import File


@dataclass(frozen=True)
class Family:
    names: re.Pattern  # the function's own name
    traces: re.Pattern  # what a function of such a name has in its body, if it does work of the kind itself
    body: re.Pattern  # what the work looks like when it is done by hand
    home: tuple[str, ...]  # files (prefixes below src/) that are meant to hold it


def pattern(text: str) -> re.Pattern:
    return re.compile(text, re.VERBOSE | re.DOTALL)


FAMILIES = {
    "trim": Family(
        pattern(r"^(trim|trimmed|strip|stripped|trim_ows|trim_space|without_space|trim_left|trim_right)$"),
        pattern(r"""remove_prefix|remove_suffix|_not_of|substr|\.erase\(.*find|is_?space"""),
        pattern(r"find_first_not_of .* find_last_not_of | find_last_not_of .* find_first_not_of"),
        ("base/text",),
    ),
    "hex": Family(
        pattern(r"^((append_|to_|from_|take_|un)?hex(_?(digit|value|encode|decode|of|escape))?|is_hex(_digit|_digits)?|nibble)$"),
        pattern(r"""'0'|'a'|'A'|a-f|abcdef|_chars|%0?\d*[xX]|std::hex|>>\s*4"""),
        pattern(r"0123456789[aA]bcdef | 0123456789ABCDEF | -\s*'[aA]'\s*\+\s*10 | 10\s*\+\s*\(?\s*\w+\s*-\s*'[aA]'"),
        ("base/text",),
    ),
    r"escape \xNN": Family(
        pattern(r"^(append_escaped|append_hex_escape|escaped?|printable|append_printable|escape_octet)$"),
        pattern(r"""\\\\x|'x'|%02x"""),
        pattern(r"\\\\x(?![0-9a-fA-F]{2})"),  # "\\x04" is a text that shows one escape
        ("base/text",),
    ),
    "UTF-8": Family(
        pattern(r"^((is|append|decode|encode|valid|first)_utf8(_char)?|utf8_\w+|utf16_to_utf8|code_point_at)$"),
        pattern(r"""0x|utf8|codecvt"""),
        pattern(r"0x[cC]0 .* 0x[eE]0 .* (0x80|0x3[fF])"),
        ("base/utf8",),
    ),
    "host:port": Family(
        pattern(r"^((parse|split|take|is|read)_(host_port|endpoint|authority|address|host_and_port)|host_port|(to|format)_endpoint|authority_of)$"),
        pattern(r"""':'|"[\[\]]*:[\[\]]*"|'\['|'\]'"""),
        pattern(r"""rfind\(':'\) | find_last_of\(':'\) | find\("\]:"\) | starts_with\('\['\) .* \]"""),
        ("base/host_port",),
    ),
    "read a file": Family(
        pattern(r"^(read_file|read_whole|read_all|slurp|contents_of|file_contents|load_file|read_input)$"),
        pattern(r"std::ifstream | (?<!\w)::open\( | ::read\( | ::pread\( | fread\( | istreambuf_iterator | read_file\("),
        pattern(r"istreambuf_iterator | (std::ifstream|::?open\(.*O_RDONLY) .* (\.read\(|rdbuf|::read\(|std::getline)"),
        ("base/file",),
    ),
    "is a digit": Family(
        pattern(r"^(is_digit|is_alpha|is_alnum|is_space|to_lower|lower)$"),
        pattern(r"""'|\bstd::|=="""),
        pattern(r"(?!)"),
        ("base/text",),
    ),
}


def copies(files: list[File], functions: dict[str, list[tuple[str, int, int]]]) -> dict[str, list[dict]]:
    """functions: path below src/ -> (name, first line, last line)."""
    found: dict[str, list[dict]] = {family: [] for family in FAMILIES}
    for file in files:
        lines = file.code.split("\n")
        path = file.path.as_posix()
        for name, begin, end in functions.get(path, []):
            body = "\n".join(lines[begin - 1 : end])
            own = name.split("::")[-1].strip()
            for family, rule in FAMILIES.items():
                by_name = rule.names.match(own) and rule.traces.search(body)
                if by_name or rule.body.search(body):
                    found[family].append(
                        {"place": f"src/{path}:{begin}", "function": own, "home": path.startswith(rule.home)}
                    )
    return found
