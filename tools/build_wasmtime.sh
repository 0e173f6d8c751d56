#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds third_party/wasmtime, once, and lays out an SDK:
#   <dir>/include/wasmtime.h ...   <dir>/lib/libsluice_wasmtime.{a,so}
#   tools/build_wasmtime.sh           all of it
#   tools/build_wasmtime.sh headers   only include/, in seconds: enough to configure and to compile
# The last line of standard output is <dir>, the value of SLUICE_WASMTIME_DIR. Already built: instant.
# Interrupted builds are taken up where they stopped; builds running at the same time wait for each
# other. On a terminal cargo shows its progress; otherwise <dir>/../cargo.log has it.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
crate=$root/third_party/wasmtime
cache=${SLUICE_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/sluice}

say() { printf '%s\n' "wasmtime: $*" >&2; }

if ! command -v rustc >/dev/null || ! command -v cargo >/dev/null; then
  say "cargo and rustc 1.95 or newer are needed: https://rustup.rs"
  exit 1
fi
hash=$({
  cat "$crate/Cargo.toml" "$crate/Cargo.lock" "$crate"/src/*.rs
  rustc --version
} | sha256sum | cut -c1-16)
dir=$cache/wasmtime-$hash
sdk=$dir/sdk
log=$dir/cargo.log

wanted=$sdk/complete
if [[ ${1:-} == headers ]]; then wanted=$sdk/include; fi
if [[ -e $wanted ]]; then
  printf '%s\n' "$sdk"
  exit 0
fi

# As the build script of the crate does it, with the features of Cargo.toml.
lay_out_headers() {
  local source feature options=()
  source=$(cargo metadata --locked --format-version 1 --manifest-path "$crate/Cargo.toml" \
    --filter-platform "$(rustc -vV | sed -n 's/^host: //p')" </dev/null |
    grep -o '"manifest_path":"[^"]*/wasmtime-c-api-impl-[^"]*/Cargo.toml"' | cut -d'"' -f4)
  while read -r feature; do
    options+=("-DWASMTIME_FEATURE_${feature//-/_}=ON")
  done < <(sed -n '/^features = \[/,/^\]/s/^ *"\(.*\)",$/\U\1/p' "$crate/Cargo.toml")
  rm -rf "$sdk.new"
  mkdir -p "$sdk.new" "$sdk"
  (cd "$(dirname "$source")" && cmake -DWASMTIME_DISABLE_ALL_FEATURES=ON -DCMAKE_INSTALL_PREFIX="$sdk.new" \
    "${options[@]}" -P cmake/install-headers.cmake) </dev/null >"$dir/headers.log"
  mv "$sdk.new/include" "$sdk/"
  rmdir "$sdk.new"
}

# cargo prints its progress bar also into a file, if it is told a width.
run_cargo() {
  local cargo=(cargo build --release --locked --manifest-path "$crate/Cargo.toml" --target-dir "$dir/target")
  # The lock is not for cargo's children: a compiler that outlives us must not hold it.
  if [[ -t 2 ]]; then
    "${cargo[@]}" </dev/null >&2 9>&-
  elif ! CARGO_TERM_PROGRESS_WHEN=always CARGO_TERM_PROGRESS_WIDTH=100 \
    "${cargo[@]}" </dev/null >"$log" 2>&1 9>&-; then
    tr '\r' '\n' <"$log" | grep -v '^ *Building \[' | tail -n 40 >&2
    return 1
  fi
}

build_library() {
  run_cargo
  local built library
  # The newest, should an earlier build have left one with other features.
  built=$(find "$dir/target/release/build" -path '*/wasmtime-c-api-impl-*/out/include/wasmtime.h' \
    -printf '%T@ %h\n' | sort -rn | sed -n '1s/^[^ ]* //p')
  if ! diff -r "$built" "$sdk/include" >&2; then
    say "the headers that were laid out are not those that the build has made"
    exit 1
  fi
  mkdir -p "$sdk/lib"
  for library in libsluice_wasmtime.a libsluice_wasmtime.so; do
    mv "$dir/target/release/$library" "$sdk/lib/"
  done
  touch "$sdk/complete"
  rm -rf "$dir/target" # another version gets another folder: this one is of no more use
}

# A lock each: headers do not wait for a library that somebody builds.
mkdir -p "$dir"
exec 9>"$dir/headers.lock"
flock 9
if [[ ! -e $sdk/include ]]; then lay_out_headers; fi
exec 9>&-
if [[ ${1:-} != headers ]]; then
  exec 9>"$dir/lock"
  if ! flock --nonblock 9; then
    say "another build is running, waiting for it"
    flock 9
  fi
  if [[ ! -e $sdk/complete ]]; then
    say "building in $dir, once"
    build_library
    say "done"
  fi
fi
printf '%s\n' "$sdk"
