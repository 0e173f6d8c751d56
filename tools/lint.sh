#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Format, layers, thread safety and clang-tidy. Any warning fails.
#   tools/lint.sh          clang-tidy of the files that differ from the branch main, or are new
#   tools/lint.sh recent   of the files that the last 30 commits changed, or that are new; if there are many, the
#                          whole tree's units that hold them
#   tools/lint.sh all      of the whole tree, eight files of a folder as one (build-lint-all)
# A changed header is read through the .cc of its name, or the first one that includes it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

kCommits=30
kFilesMax=120 # reading more files one by one takes longer than the whole tree

what=${1:-changed}
if [[ $what == recent ]] && ! git rev-parse --quiet --verify HEAD >/dev/null 2>&1; then
  printf 'lint: no git history tells the files: nothing is checked\n' >&2
  exit 0
fi

printf '== clang-format\n'
git ls-files -co --exclude-standard '*.cc' '*.h' | xargs -r clang-format-16 --dry-run -Werror
printf '== layers\n'
/usr/bin/python3 -m pytest -q -p no:cacheprovider tests/layers_test.py </dev/null

tools/thread_safety.sh build-lint

# A shallow clone has fewer commits; its first one changes every file.
changed_files() {
  if [[ $what == recent ]]; then
    git log -"$kCommits" --name-only --pretty=format: -- 'src/*.cc' 'src/*.h'
    git diff --name-only HEAD -- 'src/*.cc' 'src/*.h'
  else
    git diff --name-only "$(git merge-base HEAD main 2>/dev/null || git rev-parse HEAD)" -- 'src/*.cc' 'src/*.h'
  fi
  git ls-files -o --exclude-standard 'src/*.cc' 'src/*.h'
}
sources_of() {
  local file
  while read -r file; do
    if [[ ! -e $file ]]; then continue; fi
    if [[ $file == *.cc ]]; then
      printf '%s\n' "$file"
    elif [[ -e ${file%.h}.cc ]]; then
      printf '%s\n' "${file%.h}.cc"
    else
      git grep --untracked -lF "#include \"${file#src/}\"" -- 'src/*.cc' | sed -n 1p || true
    fi
  done
}

# Of the units on standard input: all, or those that hold a changed file.
units_of_interest() {
  local unit
  while read -r unit; do
    if [[ $what == all ]] || grep -qxF -- "${unit#"$PWD"/}" $folder/changed || grep -qFf $folder/changed -- "$unit"; then
      printf '%s\n' "$unit"
    fi
  done
}

folder=build-lint options=() files=()
if [[ $what != all ]]; then mapfile -t files < <(changed_files | sort -u | sources_of | sort -u); fi
if [[ $what == all ]] || ((${#files[@]} > kFilesMax)); then
  folder=build-lint-all
  cmake --preset lint -B $folder -DSLUICE_WASMTIME_DIR="$(tools/build_wasmtime.sh headers)" \
    -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=8 </dev/null >/dev/null
  cmake --build $folder --target sluice_generated </dev/null >/dev/null
  printf '%s\n' "${files[@]}" >$folder/changed
  mapfile -t files < <(sed -n 's/^ *"file": "\(.*\)",\{0,1\}$/\1/p' $folder/compile_commands.json | units_of_interest)
  # A unity source includes .cc files, and its findings are in them.
  options=('--header-filter=/src/[^:]*\.(h|cc)$' '--checks=-bugprone-suspicious-include')
fi
printf '== clang-tidy: %d files\n' "${#files[@]}"
if ((${#files[@]} == 0)); then exit 0; fi
/usr/bin/python3 - "${#files[@]}" "${files[@]}" clang-tidy-16 --quiet -p $folder "${options[@]}" <<'PYTHON' | tools/progress.sh
import concurrent.futures, os, subprocess, sys

count = int(sys.argv[1])
files, command = sys.argv[2 : 2 + count], sys.argv[2 + count :]


def check(file):
    done = subprocess.run([*command, file], capture_output=True, text=True)
    # On its own, standard error only counts the findings.
    return file, done.returncode != 0, done.stdout or (done.stderr if done.returncode else "")


failed = False
with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    for number, each in enumerate(concurrent.futures.as_completed(pool.submit(check, f) for f in files), 1):
        file, fails, output = each.result()
        failed |= fails or bool(output)
        print(output + f"[{number}/{count}] read {os.path.relpath(file)}", flush=True)
sys.exit(failed)
PYTHON
