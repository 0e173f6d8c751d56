#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Format, layers, thread safety and clang-tidy.
#   tools/lint.sh         clang-tidy of the .cc files that differ from the branch main, or are new
#   tools/lint.sh all     clang-tidy of every .cc file
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

printf '== clang-format\n'
git ls-files -co --exclude-standard '*.cc' '*.h' | xargs -r clang-format-16 --dry-run -Werror
printf '== layers\n'
/usr/bin/python3 -m pytest -q -p no:cacheprovider tests/layers_test.py </dev/null

tools/thread_safety.sh build-lint

if [[ ${1:-} == all ]]; then
  mapfile -t files < <(git ls-files -co --exclude-standard 'src/*.cc')
else
  base=$(git merge-base HEAD main 2>/dev/null || git rev-parse HEAD)
  mapfile -t files < <({
    git diff --name-only --diff-filter=d "$base" -- 'src/*.cc'
    git ls-files -o --exclude-standard 'src/*.cc'
  } | sort -u)
fi
printf '== clang-tidy: %d files\n' "${#files[@]}"
if ((${#files[@]} == 0)); then exit 0; fi
printf '%s\0' "${files[@]}" | xargs -0 -n 4 -P "$(nproc)" clang-tidy-16 --quiet -p build-lint
