# SPDX-License-Identifier: Apache-2.0
"""Reads the C++ of src/ as far as tools/house.py needs it: files, includes, types and their scopes.

No compiler: a scanner over text whose comments and literals are blanked. It is exact for the style of
this tree (clang-format, no macros that open scopes) and for nothing else."""

import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+"([^"]+)"', re.MULTILINE)

TOKEN = re.compile(
    r"""
    (?P<comment>//[^\n]*|/\*.*?\*/)
  | (?P<raw>(?:u8|u|U|L)?R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)")
  | (?P<string>"(?:[^"\\\n]|\\.)*")
  | (?P<digits>\b\d[\w']*)
  | (?P<char>'(?:[^'\\\n]|\\.)+')
    """,
    re.VERBOSE | re.DOTALL,
)


def blank(text: str, literals: bool = True) -> str:
    """The text with comments (and the insides of literals) as spaces; lines and columns stay."""

    def cover(match: re.Match) -> str:
        token = match.group()
        if match.lastgroup == "digits" or (not match.group("comment") and not literals):
            return token
        return re.sub(r"[^\n]", " ", token)

    return TOKEN.sub(cover, text)


@dataclass(frozen=True)
class Type:
    name: str
    line: int
    scope: tuple[str, ...]  # the types around it


TYPE_HEAD = re.compile(
    r"\b(?:class|struct|union|enum(?:\s+(?:class|struct))?)\s+"
    r"(?:alignas\s*\([^)]*\)\s*|\[\[.*?\]\]\s*|[A-Z_]+\s*\([^)]*\)\s*)*"
    r"(?P<name>[A-Za-z_][\w:]*)(?P<special>\s*<)?",
    re.DOTALL,
)
ALIAS = re.compile(r"(?:^|[;{}>]|\bpublic:|\bprivate:|\bprotected:)\s*using\s+(?P<name>[A-Za-z_]\w*)\s*=")
PREPROCESSOR = re.compile(r"^[ \t]*#(?:[^\n\\]|\\\n|\\.)*", re.MULTILINE)
NAMESPACE = re.compile(r'\bnamespace\b|\bextern\s+" *"\s*$|\bextern\s*$')


def types_in(text: str) -> list[Type]:
    """Every class, struct, union, enum and alias that is defined in a namespace or in a type; not those in
    functions, not specialisations, not declarations."""
    clean = PREPROCESSOR.sub(lambda line: re.sub(r"[^\n]", " ", line.group()), blank(text))
    found: list[Type] = []
    stack: list[str | None] = []  # "" a namespace, a name: a type, None: a function or an initialiser
    begin = 0
    line = 1
    for match in re.finditer(r"[{};\n]", clean):
        mark, at = match.group(), match.start()
        if mark == "\n":
            line += 1
            continue
        head = clean[begin:at]
        inside = all(scope is not None for scope in stack)
        scope = tuple(name for name in stack if name)
        if mark == "{":
            stack.append(opened(head))
            if inside and stack[-1]:
                found.append(Type(stack[-1], line, scope))
        elif mark == "}":
            if stack:
                stack.pop()
        elif inside:
            alias = ALIAS.search(";" + head)
            if alias:
                found.append(Type(alias["name"], line, scope))
        begin = at + 1
    return found


def opened(head: str) -> str | None:
    """What a `{` after `head` opens: "" a namespace, the name of a type, None anything else."""
    head = re.sub(r"\b(?:public|private|protected)\s*:", "", head).strip()
    if NAMESPACE.search(head):
        return ""
    plain = strip_template(head)
    match = TYPE_HEAD.search(plain)
    if not match:
        return None
    before, after = plain[: match.start()], plain[match.end() :]
    # `struct X f() {` and `= [](struct X) {` are no definitions of X.
    if "(" in before or "=" in before or match["special"] or "::" in match["name"]:
        return None
    rest = re.sub(r"\bfinal\b", "", after).strip()
    return match["name"] if rest == "" or rest.startswith(":") else None


def strip_template(head: str) -> str:
    """Without `template <...>` and `requires ...` before a type."""
    while (at := head.find("template")) >= 0:
        open_at = head.find("<", at)
        depth, end = 0, open_at
        for end in range(open_at, len(head)):
            depth += {"<": 1, ">": -1}.get(head[end], 0)
            if depth == 0:
                break
        if open_at < 0 or depth != 0:
            break
        head = head[:at] + head[end + 1 :]
    return re.sub(r"\brequires\b.*?(?=\b(?:class|struct|union)\b)", "", head, flags=re.DOTALL)


@dataclass
class File:
    path: Path  # below src/
    text: str
    test: bool = False

    @property
    def folder(self) -> str:
        return self.path.parent.as_posix()

    @property
    def unit(self) -> str:
        """x.h and x.cc are one unit."""
        return self.path.with_suffix("").as_posix()

    @cached_property
    def lines(self) -> int:
        return self.text.count("\n")

    @cached_property
    def code(self) -> str:
        """Without comments."""
        return blank(self.text, literals=False)

    @cached_property
    def includes(self) -> list[str]:
        return INCLUDE.findall(self.code)

    @cached_property
    def types(self) -> list[Type]:
        return types_in(self.text)


def named_as_test(path: Path) -> bool:
    name = path.name
    return (
        name.endswith(("_test.cc", "_test.h", "_bench.cc", "_fuzz.cc", "_bench.h"))
        or name.startswith("test_")
        or "testing" in path.parts
    )


@dataclass
class Tree:
    root: Path
    files: list[File] = field(default_factory=list)

    @classmethod
    def read(cls, root: Path) -> "Tree":
        src = root / "src"
        files = [
            File(path.relative_to(src), path.read_text(errors="replace"))
            for path in sorted(src.rglob("*"))
            if path.suffix in (".h", ".cc") and path.is_file()
        ]
        tree = cls(root, files)
        tree.mark_tests()
        return tree

    def mark_tests(self) -> None:
        """A file is a test's if its name says so, or if only tests include it (kits without a suffix), or if it
        is the .cc of such a header."""
        for file in self.files:
            file.test = named_as_test(file.path)
        users: dict[str, list[File]] = {}
        for file in self.files:
            for included in file.includes:
                users.setdefault(included, []).append(file)
        headers = {file.path.as_posix(): file for file in self.files if file.path.suffix == ".h"}
        changed = True
        while changed:
            changed = False
            for name, header in headers.items():
                others = [user for user in users.get(name, []) if user.unit != header.unit]
                if not header.test and others and all(user.test for user in others):
                    header.test = changed = True
            for file in self.files:
                header = headers.get(file.unit + ".h")
                if file.path.suffix == ".cc" and not file.test and header is not None and header.test:
                    file.test = changed = True

    @property
    def sources(self) -> list[File]:
        return [file for file in self.files if not file.test]

    @property
    def tests(self) -> list[File]:
        return [file for file in self.files if file.test]
