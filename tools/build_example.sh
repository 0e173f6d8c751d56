#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Compiles examples/flash-sale if it has changed. The last line of standard output is the program.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

example=examples/flash-sale
if [[ ! -e $example/node_modules/.package-lock.json ||
  $example/package-lock.json -nt $example/node_modules/.package-lock.json ]]; then
  npm ci --prefix "$example" --no-audit --no-fund --loglevel=error </dev/null >&2
  touch "$example/node_modules/.package-lock.json"
fi
wasm=$PWD/$example/build/optimized.wasm
if [[ ! -e $wasm ]] ||
  [[ -n $(find "$example/assembly" "$example/sluice" -name '*.ts' -newer "$wasm" -print -quit) ]]; then
  npm run --prefix "$example" --silent asbuild </dev/null >&2
fi
printf '%s\n' "$wasm"
