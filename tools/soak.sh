#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What takes too long for `make test`: histories of the store, crashes and sales by the hundred, and
# the end-to-end tests that are marked `slow`.
#   tools/soak.sh [--crashes 200] [--runs 50] [--clusters 20]
# SLUICE_SOAK_ROUNDS: so many histories and crashes of the store itself (200).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export SLUICE_BIN_DIR=${SLUICE_BIN_DIR:-$PWD/build/bin}
SLUICE_SOAK_ROUNDS=${SLUICE_SOAK_ROUNDS:-200} "$SLUICE_BIN_DIR/sluice_store_test" \
  --gtest_filter='*Exactness*:Crash.*:Canary.*' --gtest_brief=1
/usr/bin/python3 -u tests/e2e/soak.py "$@"
/usr/bin/python3 -m pytest -p no:cacheprovider -q -m slow tests/e2e </dev/null
