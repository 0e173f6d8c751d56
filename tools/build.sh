#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Configures and builds one preset of CMakePresets.json, Wasmtime first.
#   tools/build.sh release|dev|asan|tsan|fuzz [configure]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

preset=${1:?usage: tools/build.sh preset [configure]}
sdk=$(tools/build_wasmtime.sh)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! cmake --preset "$preset" -DSLUICE_WASMTIME_DIR="$sdk" </dev/null >"$log" 2>&1; then
  cat "$log" >&2
  exit 1
fi
if [[ ${2:-} == configure ]]; then exit 0; fi
cmake --build --preset "$preset" </dev/null
