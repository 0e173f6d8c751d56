#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs the tests of a preset that tools/build.sh has built; every kind runs, also after a failure.
#   tools/test.sh release|dev|asan|tsan [unit] [sdk] [layers] [conformance] [compat] [e2e]      (default: all six)
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

preset=${1:?usage: tools/test.sh preset [unit] [layers] [sdk] [conformance] [compat] [e2e]}
shift
kinds=("$@")
if ((${#kinds[@]} == 0)); then kinds=(unit layers sdk conformance compat e2e); fi
build=build
if [[ $preset != release ]]; then build=build-$preset; fi
pytest=(/usr/bin/python3 -m pytest -p no:cacheprovider)
# Both cores: a file goes to one of two workers as a whole, and a test marked `alone` has the machine
# to itself (tests/e2e/turns.py).
workers=(-n 2 --dist loadfile)

# A test that hangs is one that fails, and is named.
unit() { ctest --preset "$preset" --parallel 2 --timeout 300 </dev/null; }

# The tree's own rules, and the scripts of tools/.
layers() { "${pytest[@]}" -q tests/*_test.py </dev/null; }

# npm ci only if the lock file is newer than what is installed.
npm_ready() {
  if [[ ! -e $1/node_modules/.package-lock.json || $1/package-lock.json -nt $1/node_modules/.package-lock.json ]]; then
    npm ci --prefix "$1" --no-audit --no-fund --loglevel=error </dev/null &&
      touch "$1/node_modules/.package-lock.json"
  fi
}

sdk() { npm_ready sdk/assemblyscript && npm test --prefix sdk/assemblyscript --silent </dev/null; }

conformance() { SLUICE_BIN_DIR=$PWD/$build/bin "${pytest[@]}" "${workers[@]}" -q tests/conformance </dev/null; }

# What users of Easegress have: a row each, in less than a minute, on one server.
compat() {
  npm_ready sdk/assemblyscript || return 1
  SLUICE_BIN_DIR=$PWD/$build/bin "${pytest[@]}" tests/compat </dev/null
}

e2e() {
  npm_ready sdk/assemblyscript || return 1
  npm_ready tests/e2e/picture || return 1
  npm_ready tests/guests/component_js || return 1
  # shellcheck disable=SC2086  # E2E holds several arguments
  SLUICE_BIN_DIR=$PWD/$build/bin "${pytest[@]}" "${workers[@]}" tests/e2e ${E2E:-} </dev/null
}

failed=()
for kind in "${kinds[@]}"; do
  printf '\n== %s tests (%s)\n' "$kind" "$preset"
  "$kind" || failed+=("$kind")
done
if ((${#failed[@]} > 0)); then
  printf '\nFAILED: %s\n' "${failed[*]}" >&2
  exit 1
fi
