#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs every fuzz target of build-fuzz for the given number of seconds. New inputs are kept in
# build-fuzz/corpus; a finding is left in build-fuzz/findings and ends with exit 1.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seconds=${1:-600}
found=0
shopt -s nullglob
mkdir -p build-fuzz/findings
for program in build-fuzz/bin/*_fuzz; do
  name=$(basename "$program")
  mkdir -p "build-fuzz/corpus/$name"
  seeds=()
  if [[ -d fuzz/$name ]]; then seeds=("fuzz/$name"); fi
  printf '\n== %s for %s s\n' "$name" "$seconds"
  "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="build-fuzz/findings/$name-" "build-fuzz/corpus/$name" "${seeds[@]}" \
    </dev/null >"build-fuzz/$name.log" 2>&1 || {
    found=1
    printf 'FOUND: %s\n' "$name" >&2
  }
  tail -n 12 "build-fuzz/$name.log"
done
exit "$found"
