# SPDX-License-Identifier: Apache-2.0
"""Builds documents of our own from the notes of facts.toml: the same kinds and fields, other values.

    HTTPServer{port https=false rules[{paths[{path=({x}) backend}]}]}
    Pipeline{flow[{filter=f0 jumpIf{invalid=END}}] filters[Validator{headers{*{values[. .]}}}]}

`{}` holds fields, `[]` a list. `=word` is a word of the language, or a number that decides (0, -1, a status). A field
without one gets a value from VALUES. `*` is a key that the user chooses, `.` an element. f0, f1 … are the filters in
order, a… aliases, x… names that are not defined, n… namespaces, p… and r… policies, t… tags. `=(…)` says what a text contains:
of a template the actions, functions and fields that it uses.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_TOKEN = re.compile(r"\s+|[{}\[\]]|=\([^)]*\)|=[^\s{}\[\]]*|[^\s{}\[\]=]+")


@dataclass
class Note:
    """A field, or an element of a list."""

    name: str
    word: str | None = None
    below: list["Note"] = field(default_factory=list)
    form: str = ""  # "{" or "["


def _read(tokens: Iterator[str]) -> list[Note]:
    notes: list[Note] = []
    for token in tokens:
        if token in "}]":
            break
        if token in "{[":
            if (not notes or notes[-1].form or notes[-1].word is not None):
                notes.append(Note("."))  # an element that has no kind
            notes[-1].form = token
            notes[-1].below = _read(tokens)
        elif token.startswith("="):
            notes[-1].word = token[1:].removeprefix("(").removesuffix(")")
        else:
            notes.append(Note(token))
    return notes


def read(note: str) -> Note:
    """Elements of a list that are maps stand between braces, or after their kind."""
    words = (match[0] for match in _TOKEN.finditer(note) if not match[0].isspace())
    [top] = _read(words)
    return top


WORDS = {"null": None, "''": "", "true": True, "false": False}

# Of a field without a word. The last names of a path are looked up: "healthCheck.port" before "port".
VALUES: dict[str, object] = {
    # servers
    "keepAliveTimeout": "45s", "maxConnection": 600, "maxConnections": 600, "address": "127.0.0.1", "cacheSize": 50,
    "backend": "steps-of-all", "host": "shop.example", "hostRegexp": "^shop[0-9]$", "hosts.value": "shop.example",
    "key": "X-Group", "headers.regexp": "^g[0-9]+$", "rewriteTarget": "/new", "pathRegexp": "^/r[0-9]+",
    "clientMaxBodySize": 5000, "sampleRate": 0.5, "serviceName": "orders", "hostport": "127.0.0.1:7000",
    # pools
    "headerHashKey": "X-User", "weight": 4, "serviceRegistry": "registry", "minLength": 3000, "maxIdleConns": 300, "maxIdleConnsPerHost": 30,
    "maxRedirection": 4, "permil": 250, "fails": 2, "pass": 3, "interval": "30s", "healthCheck.timeout": "2s",
    "healthCheck.uri": "/alive", "http.uri": "/alive", "ws.uri": "/alive", "username": "ann", "password": "sesame",
    "healthCheck.port": 7001, "http.port": 7001, "ws.port": 7001, "match.headers.name": "X-Health",
    "match.headers.value": "good", "match.body.value": "good", "timeout": "3s", "maxEntryBytes": 2048,
    "expiration": "20s", "exact": "green", "clientMaxMsgSize": 9000, "serverMaxMsgSize": 9000,
    "defaultOrigin": "http://shop.example",
    # resilience
    "maxAttempts": 4, "waitDuration": "200ms", "failureRateThreshold": 40, "slowCallRateThreshold": 40,
    "slowCallDurationThreshold": "1s", "slidingWindowSize": 60, "minimumNumberOfCalls": 6,
    "permittedNumberOfCallsInHalfOpenState": 6, "maxWaitDurationInHalfOpenState": "20s",
    "waitDurationInOpenState": "20s",
    # filters
    "maxConcurrency": 1, "delay": "20ms", "timeoutDuration": "0s", "limitRefreshPeriod": "2s", "limitForPeriod": 7,
    "url.exact": "/only", "url.regex": "^/part-[0-9]+$", "match.path": "/only", "userFile": "/etc/no/such/file",
    "headers.*.regexp": "^v[0-9]+$", "cookieName": "proof", "clientId": "gateway", "clientSecret": "secret",
    "accessKeyId": "id", "accessKeySecret": "secret", "scopes": "zone", "del": "X-Old", "addPrefix": "/v9",
    "trimPrefix": "/old/", "regexpReplace.regexp": "^/([a-z]+)$", "match": "^/old/(.*)$", "hostname": "new.example",
    "replaceFullPath": "/whole", "replacePrefixMatch": "/part", "root": "/srv/no/such/folder", "dataKey": "order",
    "allowedOrigins": "https://*.example", "headerKey": "X-Id", "etcdPrefix": "people", "etcdKey": "number",
    "pathRegExp": "^/shop/([a-z]+)", "header": "X-Name", "json": "name",
}  # fmt: skip

# A call of each function that a template may use.
CALLS = {
    "or": 'or "" "x"', "and": 'and "x" "y"', "not": 'not ""', "eq": 'eq "a" "a"', "index": 'index .req.Header "X" 0',
    "print": 'print "x"', "printf": 'printf "%v" 1', "urlquery": 'urlquery "a b"', "jsonEscape": 'jsonEscape "x"',
    "b64enc": 'b64enc "x"', "get": 'get .req.JSONBody "x"', "last": 'last (index .req.Header "X")', "replace": 'replace "a" "b" "c"',
    "toRawJson": "toRawJson .req.JSONBody", "log": 'log "info" "x"', "len": 'len "x"', "default": 'default "a" "b"',
    "header": 'header .req.Header "X"', "username": "username .req", "host": "host .req", "first": 'first (index .req.Header "X")',
    "trim": 'trim " x "', "mergeObject": "mergeObject .req.JSONBody .req.JSONBody",
}  # fmt: skip
ACTIONS = {
    "if": '{{if "x"}}{{end}}',
    "else-if": '{{if ""}}{{else if "x"}}{{end}}',
    "else": '{{if ""}}{{else}}{{end}}',
    "with": '{{with "x"}}{{end}}',
    "range": "{{range $i, $x := .req.JSONBody}}{{end}}",
    "break": "{{range .req.JSONBody}}{{break}}{{end}}",
    "continue": "{{range .req.JSONBody}}{{continue}}{{end}}",
    "variable": '{{$v := "x"}}',
    "assignment": '{{$w := "x"}}{{$w = "y"}}',
    "trim": '{{- "" -}}',
    "comment": "{{/* a note */}}",
    "pipeline": '{{$p := "x" | print}}',
    "field-of-group": "{{$g := (last .req.JSONBody).name}}",
}
OUTPUT = {
    "method:": "method: POST", "url:": "url: /made", "headers:": "headers: {X-Made: one}", "body:": "body: made",
    "statusCode:": "statusCode: 201", "header:": "header: {set: {X-Made: one}}", "path:": "path: {addPrefix: /made}",
    "formData:": "formData: {a: {value: b}}",
}  # fmt: skip


def template(uses: list[str], kind: str) -> str:
    lines = [ACTIONS[use] for use in uses if use in ACTIONS]
    lines += [f"{{{{$f{n} := {CALLS[use]}}}}}" for n, use in enumerate(uses) if use in CALLS and use not in ACTIONS]
    roots = [use for use in uses if use.startswith(".") and use[1].islower() and use != ".data"] or [".req"]
    lines += ["{{$data := .data.PIPELINE}}"] if ".data" in uses else []  # which needs no filter that makes it
    below = {".req": "", ".resp": "", ".requests": ".DEFAULT", ".responses": ".DEFAULT"}
    places = [root + below.get(root, ".one") for root in roots]
    lines += [f"{{{{$m{n} := {places[n % len(roots)]}{use}}}}}" for n, use in enumerate(uses) if use[0] == "." and use not in [*roots, ".data"]]
    unknown = [use for use in uses if use not in ACTIONS | CALLS | OUTPUT and use[0] != "."]
    assert not unknown, f"no example of {unknown}"
    made = {"ResultBuilder": "result1", "DataBuilder": "{n: 1}"}.get(kind)
    return "".join(lines) + (made or "\n".join(OUTPUT[use] for use in uses if use in OUTPUT)) + "\n"


class Builder:
    """An object. `own`: files, certificates and ports of the test, by the names of fields."""

    def __init__(self, name: str, own: dict[str, object]):
        self.name, self.own, self.counts = name, own, 0

    def next(self) -> int:
        self.counts += 1
        return self.counts

    def build(self, note: str) -> dict:
        top = read(note)
        return {"kind": top.name, "name": self.name, **self.fields(top, (), top.name)}

    def fields(self, note: Note, path: tuple[str, ...], kind: str) -> dict:
        made = {}
        for child in note.below:
            name = self.key(path) if child.name == "*" else child.name
            made["" if name == "''" else name] = self.value(child, path, kind)
        return made

    def key(self, path: tuple[str, ...]) -> str:
        return "pair" if path[-1] in ("certs", "keys") else f"X-Key-{self.next()}"

    def value(self, note: Note, path: tuple[str, ...], kind: str):
        here = (*path, note.name)
        if note.form == "{":
            return self.fields(note, here, kind)
        if note.form == "[":
            elements = self.filters(note) if note.name == "filters" else None
            return elements or [self.element(each, here, kind) for each in note.below]
        return self.scalar(note.name, note.word, here, kind)

    def filters(self, note: Note) -> list[dict]:
        made = []
        for number, each in enumerate(note.below):
            kind = each.name.removesuffix("-nameless")
            name = {"name": f"f{number}"} if kind == each.name else {}
            made.append({**name, "kind": kind, **self.fields(each, (kind,), kind)})
        return made

    def element(self, note: Note, path: tuple[str, ...], kind: str):
        if note.form == "{":
            return self.fields(note, path, kind)
        if note.form == "[":
            return [self.element(each, path, kind) for each in note.below]
        return self.scalar(path[-1], note.word, path, kind)

    def scalar(self, name: str, word: str | None, path: tuple[str, ...], kind: str):
        if word in WORDS:
            return WORDS[word]
        if name == "template":
            return template((word or "").split(), kind)
        if word is not None:
            return self.of_word(name, word, path)
        return self.of_name(name, path)

    def of_word(self, name: str, word: str, path: tuple[str, ...]):
        if re.fullmatch(r"-?\d+", word):
            return int(word)
        if name in ("url", "endPoint", "endpoint", "serverURL"):
            return f"{word}://127.0.0.1:{7100 + self.next()}" if word != "none" else f"127.0.0.1:{7100 + self.next()}"
        if name == "secret":
            return "5e" * 32 + ("0" if word == "odd" else "")
        if name == "code":
            return self.own["code"]
        if "setHeaders" in path:
            return word.replace("_*", "_x_one").replace(":*}", ":none}")
        if name == "path":
            tail = {"{x}": "{x}", "{x:re}": "{x:[0-9]+}", "*": "*"}
            return f"/items-{self.next()}/" + "/".join(tail[each] for each in word.split())
        if word == "variables":
            return "/new"
        if word == "groups":
            return {"pathRegexp": "^/r/([a-z]+)$", "rewriteTarget": "/new/$1"}.get(name, "http://shop.example/$1")
        return word

    def of_name(self, name: str, path: tuple[str, ...]):
        if name in self.own or name == "*" and path[-2] in self.own:
            return self.own[name if name in self.own else path[-2]]
        if name == "port" and len(path) == 1:
            return self.own["free port"]()
        if name in ("path", "pathPrefix") and "paths" in path or name == "path" and path[0] == "rules":
            return f"/page-{self.next()}"
        for length in (3, 2, 1):
            key = ".".join(path[-length:])
            if key in VALUES:
                return VALUES[key]
        return f"text-{self.next()}"
