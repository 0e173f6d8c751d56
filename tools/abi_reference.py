#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes docs/reference-abi.md: the functions between a program and the gateway, which `egctl wasm abi` lists.

The names of parameters and the forms of texts come from src/filters/wasm_host/abi_*.cc, and the meanings from the
comments of sdk/wit/sluice.wit and of the SDK for AssemblyScript.

    tools/abi_reference.py            writes the page if it differs
    tools/abi_reference.py --check    says so, and fails
"""

import re
import sys

from reference_page import DOCS, ROOT, cell, code, egctl_json, main, table
from sdk_reference import SOURCES as SDK
from sdk_reference import Entry, exported

SOURCE = "egctl wasm abi"
PAGE = DOCS / "reference-abi.md"
ABI = ROOT / "src" / "filters" / "wasm_host"
HEAD = """# Functions between a program and the gateway

`tools/abi_reference.py` writes this page from `egctl wasm abi`, which prints the same without a server.
[wasm-host.md](wasm-host.md#exports-and-imports-of-a-program) describes the memory behind it: *string*, *data*,
*headers* and *strings* are addresses of such values, each an `i32`. A program that imports a function which is
not on this page, or with another type, is refused. `egctl wasm inspect FILE` says so.

"""
MODULES = {
    "easegress": "The functions of the gateway, with the form that [components](python.md) import from "
    "`sluice:gateway`.",
    "sluice": "For engines that run scripts, which tell an error as text instead of a trap.",
    "env": "For programs in AssemblyScript that are compiled without `--use abort=`.",
    "wasi_snapshot_preview1": "WASI preview 1, for the runtimes of languages: clocks, random numbers, and standard "
    "output, which goes to the log. There are no files, no arguments, no environment and no sockets.",
    "wasi_unstable": "The predecessor of WASI preview 1, as compilers used it until 2020: the functions that have not "
    "changed.",
}
FORMS = {
    "GuestText": "string", "GuestString": "string", "OwnedGuestString": "string", "GuestData": "data",
    "OwnedGuestData": "data", "GuestBody": "data", "GuestValue": "data", "GuestHeaderText": "headers",
    "GuestStringArray": "strings", "std::int32_t": "i32",
    "std::uint32_t": "i32", "std::int64_t": "i64", "std::uint64_t": "i64", "double": "f64",
}  # fmt: skip
DEFINITION = re.compile(r"^(?:Result<)?([\w:]+)>? (\w+)\(([^)]*)\) \{", re.MULTILINE)
OFFER = re.compile(r"host_function<(\w+)[^(]*>\(\s*\"(\w+)\"\)")
PREFIXES = {"host_req_": "request", "host_resp_": "response", "host_cluster_": "cluster", "host_": "index"}


def typed() -> dict[str, str]:
    """The signature of each function of ours, with names and forms."""
    found = {}
    for path in sorted(ABI.glob("abi_*.cc")):
        text = path.read_text()
        known = {name: (result, parameters) for result, name, parameters in DEFINITION.findall(text)}
        for function, name in OFFER.findall(text):
            result, parameters = known[function]
            words = [part.split() for part in parameters.split(",") if part]
            taken = [f"{part[-1]}: {FORMS[part[0]]}" for part in words if part[0] in FORMS]
            form = "headers" if name.endswith("_get_all_header") else FORMS.get(result, "")
            found[name] = f"({', '.join(taken)})" + (f" -> {form}" if form else "")
    return found


def checked(form: str, each: dict) -> str:
    """`form` has as many parameters and results as the type that a program imports; else FORMS lacks a type."""
    sizes = [(text.count(","), "()" in text, "->" in text) for text in (form, each["signature"])]
    if sizes[0] != sizes[1]:
        sys.exit(f"{each['name']} is {form} in the source and {each['signature']} for programs")
    return form


def meanings_of_wit() -> dict[str, str]:
    """interface.function -> its comment"""
    found, interface, about = {}, "", []
    for line in (ROOT / "sdk" / "wit" / "sluice.wit").read_text().splitlines():
        words = line.strip()
        if words.startswith("///"):
            about.append(words.removeprefix("///").strip())
            continue
        if words.startswith("interface "):
            interface = words.split()[1]
        elif function := re.match(r"([\w-]+): func", words):
            found[f"{interface}.{function[1]}"] = " ".join(about)
        about = []
    return found


def meanings_of_sdk() -> dict[str, str]:
    found = {}
    for module in PREFIXES.values():
        for entry in exported((SDK / f"{module}.ts").read_text()):
            if isinstance(entry, Entry):
                found[f"{module}.{entry.signature.split('(')[0]}"] = entry.meaning
    return found


def in_sdk(name: str) -> str:
    """host_req_get_real_ip -> request.getRealIp"""
    prefix = next(prefix for prefix in PREFIXES if name.startswith(prefix))
    first, *rest = name.removeprefix(prefix).split("_")
    return f"{PREFIXES[prefix]}.{first}" + "".join(word.capitalize() for word in rest)


def own_rows(imports: list[dict]) -> list[list[str]]:
    forms, of_wit, of_sdk = typed(), meanings_of_wit(), meanings_of_sdk()
    rows = []
    for each in imports:
        component = each.get("component", "")
        meaning = of_wit.get(component.split(":")[0], "") or of_sdk.get(in_sdk(each["name"]), "")
        name, its = each["name"], each["signature"]
        rows.append([code(name), code(checked(forms[name], each)), code(its), code(component), cell(meaning)])
    return rows


def imports(report: dict, modules: dict[str, str], level: str) -> str:
    text = ""
    for module, about in modules.items():
        found = [each for each in report["imports"] if each["module"] == module]
        text += f"\n{level} Module {module}\n\n{about}\n\n"
        if module == "easegress":
            text += table(["function", "parameters and result", "type", "of a component", "meaning"], own_rows(found))
        elif module == "sluice":
            forms = {name: checked(form, each) for name, form in typed().items() for each in found if each["name"] == name}
            rows = ([code(each["name"]), code(forms[each["name"]]), code(each["signature"])] for each in found)
            text += table(["function", "parameters and result", "type"], rows)
        else:
            text += table(["function", "type"], ([code(each["name"]), code(each["signature"])] for each in found))
    return text


def exports(report: dict) -> str:
    rows = []
    for each in report["exports"]:
        rows.append([code(each["name"]), code(each["signature"]), "required" if each["required"] else "optional"])
    return table(["function", "type", "is"], rows)


def pages():
    report, plugins = egctl_json("wasm", "abi"), egctl_json("wasm", "abi", "--kind", "ProxyWasm")
    known = {each["module"] for each in report["imports"]}
    modules = {name: about for name, about in MODULES.items() if name in known}
    modules |= dict.fromkeys(sorted(known - MODULES.keys()), "")
    text = HEAD + "## Exports of a program of WasmHost\n\n" + exports(report)
    text += imports(report, modules, "##")
    text += "\n## Plugins of ProxyWasm\n\nThe functions of proxy-wasm 0.2.1, 0.2.0 and 0.1.0 for a "
    text += "[ProxyWasm](filter-proxy-wasm.md) filter. Plugins may also import WASI, as above.\n\n"
    text += "### Exports of a plugin\n\n" + exports(plugins)
    text += imports(plugins, {"env": "The names and types of the specification of proxy-wasm."}, "###")
    yield PAGE, text


if __name__ == "__main__":
    sys.exit(main(__doc__, SOURCE, pages))
