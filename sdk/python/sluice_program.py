# SPDX-License-Identifier: Apache-2.0
"""The component: it runs `init(params)` and `run()` of program.py."""

import os
import sys

from componentize_py_types import Err

import wit_world

import sluice
import program

if not callable(getattr(program, "run", None)):
    raise ImportError("program.py has no function run: write def run():")

_IMPORT_HINT = " (import at the top of program.py: an import within a function finds nothing)"


def _is_own(frame) -> bool:
    """Of the program, and neither of the SDK nor of Python."""
    package = frame.f_globals.get("__name__", "").partition(".")[0]
    return package not in ("sluice", "sluice_program", "wit_world", "componentize_py_types") and package not in sys.stdlib_module_names


def _text_of(error: BaseException) -> str:
    """As UTF-8 that the gateway takes: a name from a client may bring other bytes."""
    try:
        return str(error).encode("utf-8", "backslashreplace").decode()
    except Exception:
        return "it has no text"


def _reason(error: BaseException) -> str:
    """program.py:12: ValueError: …, the last line of the program itself."""
    place = ""
    trace = error.__traceback__
    while trace:
        if _is_own(trace.tb_frame):
            place = f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}: "
        trace = trace.tb_next
    text = _text_of(error) + (_IMPORT_HINT if isinstance(error, ImportError) else "")
    return f"{place}{type(error).__name__}" + (f": {text}" if text else "")


def _is_result(value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -(2**31) <= value < 2**31


def _seed() -> None:
    # All instances are copies of one, with one state of its generator.
    if random := sys.modules.get("random"):
        random.seed(os.urandom(16))


class WitWorld(wit_world.WitWorld):
    def configure(self, params) -> None:
        _seed()
        sluice.params.update(params)
        try:
            if init := getattr(program, "init", None):
                init(sluice.params)
        except BaseException as error:
            raise Err(_reason(error)) from None

    def run(self) -> int:
        try:
            result = program.run()
        except BaseException as error:
            raise Err(_reason(error)) from None
        if result is None:
            return 0
        if not _is_result(result):
            raise Err(f"program.py: run returned {result!a}, which is no result (0 to 9)")
        return int(result)
