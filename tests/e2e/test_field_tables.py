# SPDX-License-Identifier: Apache-2.0
"""The tables of fields in docs/ are those of the field lists."""

import os
import re
import subprocess

from gateway import BIN, ROOT


def test_the_tables_are_written_anew():
    environment = {**os.environ, "SLUICE_BIN_DIR": str(BIN)}
    done = subprocess.run(
        [ROOT / "tools" / "field_tables.py", "--check"], capture_output=True, text=True, env=environment, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr + "run tools/field_tables.py"


def test_every_block_ends():
    for page in (ROOT / "docs").glob("*.md"):
        marks = re.findall(r"^<!-- (fields|end of fields)\b.*-->$", page.read_text(), re.M)
        assert marks == ["fields", "end of fields"] * (len(marks) // 2), page.name
