#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Leaves build-profiled/bin/sluice-server and egctl, which GCC has optimised by counts of what runs. Three
# steps: an instrumented build, the benches' loads on it, and the build that uses the counts. Takes twice
# the time of `make build`. Does nothing if no source is newer than the last result.
#   tools/build_profiled.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

folder=build-profiled
complete=$folder/complete
if [[ -e $complete && -z $(find src cmake third_party CMakeLists.txt CMakePresets.json bench/train.py \
  -newer "$complete" -print -quit) ]]; then
  printf '%s is current\n' "$folder/bin"
  exit 0
fi
rm -f "$complete"
if [[ -d $folder ]]; then find "$folder" -name '*.gcda' -delete; fi

printf 'profiled build, 1 of 3: the instrumented programs\n'
tools/build.sh instrumented sluice-server egctl
printf 'profiled build, 2 of 3: the loads\n'
/usr/bin/python3 bench/train.py $folder/bin
printf 'profiled build, 3 of 3: the programs\n'
tools/build.sh profiled sluice-server egctl
touch "$complete"
