# SPDX-License-Identifier: Apache-2.0
"""What the tests of scripts write in each language, and what the server says about it."""

from dataclasses import dataclass
from pathlib import Path

from gateway import ROOT


@dataclass
class ScriptLanguage:
    name: str
    ending: str
    comment: str
    passes: str
    sold_out: str  # with result 2
    fails_late: str  # writes, then throws
    nonsense: str  # whose second line is no code
    refused: dict[str, tuple[str, ...]]  # at apply: the script, then words of the message
    faults: dict[str, tuple[str, ...]]  # at run time

    @property
    def code(self) -> str:
        return f"builtin:{self.name}"

    @property
    def folder(self) -> Path:
        return ROOT / "examples" / "scripts" / self.name

    def step(self, number: int) -> str:
        return (self.folder / f"step{number}{self.ending}").read_text()

    def nouns(self) -> str:
        return (ROOT / "tests" / "guests" / f"nouns{self.ending}").read_text()


JS_PASS = "export function run() {\n  return 0;\n}\n"
JAVASCRIPT = ScriptLanguage(
    name="javascript",
    ending=".js",
    comment="// ",
    passes=JS_PASS,
    sold_out='export function run() { response.setBody("sold out.\\n"); return 2; }',
    fails_late='export function run() {\n  cluster.putString("a", "1");\n  response.setHeader("X-A", "1");\n  throw new Error("no");\n}\n',
    nonsense="export function run() {\n  nonsense nonsense\n}",
    refused={
        "syntax error": ("export function run() {\n  let a = ;\n}", "script:2:11: SyntaxError: ", "| let a = ;"),
        "no run": ("export function init() {\n}\n", "script:2:1: no function run: write `export function run() {"),
        "run that is no function": ("export const run = 1;\n", "script:1:1: `run` is exported, and is no function"),
        "class": ("export class run {}\n", "script:1:1: `run` is a class: write `export function`"),
        "generator": ("export function* run() {\n}\n", "script:2:1: `run` is a generator, whose call does nothing"),
        "asynchronous generator": (JS_PASS + "export async function* init() {}\n", "`init` is a generator"),
        "exception outside of functions": ("const a = 1;\nnope();\n" + JS_PASS, "script:2:1: ReferenceError: nope", "| nope();"),
        "exception in init": (
            JS_PASS + "export function init(params) {\n  throw new RangeError(params.why);\n}\n",
            "script:5:",
            "RangeError: because",
            "| throw new RangeError(params.why);",
        ),
        "endless init": (
            JS_PASS + "export function init() {\n  while (true) {}\n}\n",
            "timed out after 2s: script:5:",
            "| while (true) {}",
        ),
        "import": ('import fs from "./fs.js";\n' + JS_PASS, "script:1:17: SyntaxError: a script has no imports: ./fs.js"),
        "data in init": (JS_PASS + 'export function init() {\n  cluster.getString("a");\n}\n', "script:5:", "called in wasm_init"),
        "binary": (JS_PASS + "a\0b\n", "byte 0"),
    },
    faults={
        "exception": (
            "export function run() {\n  const u = undefined;\n  return u.length;\n}\n",
            "script:3:",
            "TypeError",
            "| return u.length;",
        ),
        "refused argument": (
            "export function run() {\n  response.setStatusCode(9999);\n}\n",
            "script:2:",
            "9999 is not a status code",
            "| response.setStatusCode(9999);",
        ),
        "no result": ("export function run() {\n  return 17;\n}\n", "run returned 17"),
        "endless loop": (
            "export function run() {\n  let i = 0;\n  while (true) {\n    ++i;\n  }\n}\n",
            "timed out after 300ms: script:",
            "it still runs",
        ),
        "endless match": (
            'export function run() {\n  return /(a+)+b/.test("a".repeat(40)) ? 1 : 2;\n}\n',
            "timed out after 300ms: script:2:",
        ),
        "deep recursion": ("const f = (n) => f(n + 1) + 1;\nexport function run() {\n  return f(0);\n}\n", "script:1:", "RangeError"),
        "memory without end": (
            "export function run() {\n  const all = [];\n  while (true) {\n    all.push(new Uint8Array(1 << 20));\n  }\n}\n",
            "script:4:",
            "out of memory",
        ),
        "promise that is never kept": ("export async function run() {\n  await new Promise(() => {});\n}\n", "never kept"),
    },
)

LUA_PASS = "function run()\n  return 0\nend\n"
LUA = ScriptLanguage(
    name="lua",
    ending=".lua",
    comment="-- ",
    passes=LUA_PASS,
    sold_out='function run() response.set_body("sold out.\\n") return 2 end',
    fails_late='function run()\n  cluster.put_string("a", "1")\n  response.set_header("X-A", "1")\n  error("no")\nend\n',
    nonsense="function run()\n  nonsense nonsense\nend",
    refused={
        "syntax error": ("function run()\n  local a = ;\nend", "script:2: unexpected symbol near ';'", "| local a = ;"),
        "no run": ("function init()\nend\n", "script:2: no function run: write `function run() … end`"),
        "run that is no function": ("run = 1\n", "script:1: `run` is no function"),
        "returned run that is no function": ("return { run = 1 }\n", "script:1: `run` is no function"),
        "exception outside of functions": (
            "local a = 1\nnope()\n" + LUA_PASS,
            "script:2: attempt to call a nil value (global 'nope')",
            "| nope()",
        ),
        "exception in init": (LUA_PASS + "function init(params)\n  error(params.why)\nend\n", "script:5: because", "| error(params.why)"),
        "table as an exception": (LUA_PASS + "function init(params)\n  error({})\nend\n", "script:5: uncaught error: a table value"),
        "endless init": (
            LUA_PASS + "function init()\n  while true do end\nend\n",
            "timed out after 2s: script:5: it still runs",
            "| while true do end",
        ),
        "require": ('local fs = require("fs")\n' + LUA_PASS, "script:1: attempt to call a nil value (global 'require')"),
        "io": ('local f = io.open("/etc/passwd")\n' + LUA_PASS, "script:1: attempt to index a nil value (global 'io')"),
        "os": ('os.execute("true")\n' + LUA_PASS, "script:1: attempt to index a nil value (global 'os')"),
        "bytecode": ('assert(load("\\27Lua"))\n' + LUA_PASS, "script:1: ", "a script loads no bytecode"),
        "colon": (
            LUA_PASS + 'function init()\n  request:get_header("a")\nend\n',
            "script:5: argument 1 is no text but a table: call functions with a dot, not with a colon",
        ),
        "data in init": (LUA_PASS + 'function init()\n  cluster.get_string("a")\nend\n', "script:5: ", "called in wasm_init"),
        "wrong date": ('local start = parse_date("tomorrow")\n' + LUA_PASS, "script:1: \"tomorrow\" is no time"),
        "binary": (LUA_PASS + "a\0b\n", "byte 0"),
    },
    faults={
        "exception": (
            "function run()\n  local u\n  return u.length\nend\n",
            "script:3: attempt to index a nil value (local 'u')",
            "| return u.length",
        ),
        "exception in a coroutine": (
            'function run()\n  coroutine.wrap(function()\n    error("no")\n  end)()\nend\n',
            "script:3: no",
            '| error("no")',
        ),
        "refused argument": (
            "function run()\n  response.set_status_code(9999)\nend\n",
            "script:2: ",
            "9999 is not a status code",
            "| response.set_status_code(9999)",
        ),
        "no result": ("function run()\n  return 17\nend\n", "run returned 17"),
        "endless loop": (
            "function run()\n  local i = 0\n  while true do\n    i = i + 1\n  end\nend\n",
            "timed out after 300ms: script:",
            "it still runs",
        ),
        "endless loop that catches errors": (
            "function run()\n  while true do\n    pcall(function() while true do end end)\n  end\nend\n",
            "timed out after 300ms: script:",
            "it still runs",
        ),
        "endless calls": (
            "local function f(n) return n == 0 and 0 or f(n - 1) + f(n - 1) end\nfunction run()\n  return f(200)\nend\n",
            "timed out after 300ms: script:1: it still runs",
        ),
        "endless match": (
            'function run()\n  return ("a"):rep(400):find(("a-"):rep(40) .. "b") and 1 or 2\nend\n',
            "timed out after 300ms: script:2: it still runs",
        ),
        "endless balance": (
            'function run()\n  return ("("):rep(1000000):find("%b()") and 1 or 2\nend\n',
            "timed out after 300ms: script:2: it still runs",
        ),
        "endless table": (
            "function run()\n  table.move({}, 1, 1 << 60, 2)\nend\n",
            "timed out after 300ms: script:2: it still runs",
        ),
        "endless copies": (
            'function run()\n  local t = {}\n  while true do\n    t[1] = string.rep("x", 1 << 20)\n  end\nend\n',
            "timed out after 300ms: script:4: it still runs",
        ),
        "endless finalizer": (
            "function run()\n  setmetatable({}, { __gc = function() while true do end end })\n  collectgarbage()\nend\n",
            "timed out after 300ms",
        ),
        "endless finalizer in a tail call": (
            'local function slow() string.find(("a"):rep(30000), ("a*"):rep(20) .. "b") end\n'
            "function run()\n  setmetatable({}, { __gc = slow })\n  return collectgarbage()\nend\n",
            "timed out after 300ms",
            "it still runs",
        ),
        "deep recursion": ("local function f(n) return f(n + 1) + 1 end\nfunction run()\n  return f(0)\nend\n", "script:1: stack overflow"),
        "deep recursion of the machine": (
            'local function f() return (("a"):gsub("a", f)) end\nfunction run()\n  return f()\nend\n',
            "script:1: ",
            "C stack overflow",
        ),
        "memory without end": (
            'function run()\n  local all = {}\n  while true do\n    all[#all + 1] = string.rep("x", 1 << 20) .. #all\n  end\nend\n',
            "script:4: not enough memory",
        ),
        "one text too large": (
            'function run()\n  return #string.rep("x", 1 << 30)\nend\n',
            "script:2: not enough memory",
        ),
    },
)

SCRIPT_LANGUAGES = {language.name: language for language in (JAVASCRIPT, LUA)}
