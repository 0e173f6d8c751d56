# SPDX-License-Identifier: Apache-2.0
"""The component: it runs `init(params)` and `run()` of program.py."""

import os
import sys

from componentize_py_types import Err

import wit_world

import sluice
import program


def _reason(error: BaseException) -> str:
    """program.py:12: ValueError: …, the last line of the program itself."""
    place = ""
    trace = error.__traceback__
    while trace:
        name = os.path.basename(trace.tb_frame.f_code.co_filename)
        if name != "sluice_program.py" and f"{os.sep}sluice{os.sep}" not in trace.tb_frame.f_code.co_filename:
            place = f"{name}:{trace.tb_lineno}: "
        trace = trace.tb_next
    text = str(error)
    return f"{place}{type(error).__name__}" + (f": {text}" if text else "")


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
        if not isinstance(result, int):
            raise Err(f"program.py: run returned {result!r}, which is no result (0 to 9)")
        return int(result)
