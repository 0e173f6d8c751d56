#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Configures and builds one preset of CMakePresets.json. Wasmtime is built beside our own code.
#   tools/build.sh release|dev|asan|tsan|fuzz [target...]     (default: everything, with the tests)
#   tools/build.sh release|dev|asan|tsan|fuzz|lint configure
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

preset=${1:?usage: tools/build.sh preset [configure | target...]}
shift
sdk=$(tools/build_wasmtime.sh headers)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! cmake --preset "$preset" -DSLUICE_WASMTIME_DIR="$sdk" </dev/null >"$log" 2>&1; then
  cat "$log" >&2
  exit 1
fi
if [[ ${1:-} == configure ]]; then
  # clang-tidy and the like read the generated headers.
  cmake --build --preset "$preset" --target sluice_generated </dev/null >/dev/null
  exit 0
fi
NINJA_STATUS='[%f/%t] ' cmake --build --preset "$preset" --target "${@:-all}" </dev/null 2>&1 |
  tools/progress.sh "$sdk/../cargo.log"
