# SPDX-License-Identifier: Apache-2.0
"""The tables of facts.toml."""

import tomllib
from pathlib import Path

FACTS = tomllib.loads((Path(__file__).resolve().parent / "facts.toml").read_text())
