#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Plays histories of three members on a real etcd, each with the faults of its seed, and judges them.
#   tools/histories.sh [how many (1000)] [the first seed (1)]
# Ends at the first history that is wrong, with its seed and the reason; the history itself is in build/history.txt.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

SLUICE_HISTORIES=${1:-1000} SLUICE_SEED=${2:-1} SLUICE_HISTORY_FILE=$PWD/build/history.txt \
  exec "${SLUICE_BIN_DIR:-$PWD/build/bin}/sluice_filters_wasm_host_test" \
  --gtest_filter='ClusterHistory.IsStrictlySerializable' --gtest_brief=1
