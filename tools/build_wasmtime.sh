#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds third_party/wasmtime (about 5 minutes on 2 cores, once) and lays out an SDK:
#   <dir>/lib/libsluice_wasmtime.{a,so}   <dir>/include/wasmtime.h ...
# Progress goes to standard error; the last line of standard output is <dir>, for
# -DSLUICE_WASMTIME_DIR. Already built: instant. Interrupted builds are taken up where they
# stopped; builds running at the same time wait for each other.
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

if [[ -e $sdk/complete ]]; then
  printf '%s\n' "$sdk"
  exit 0
fi

mkdir -p "$dir"
exec 9>"$dir/lock"
if ! flock --nonblock 9; then
  say "another build is running, waiting for it"
  flock 9
fi
if [[ ! -e $sdk/complete ]]; then
  say "building in $dir (about 5 minutes on 2 cores, once)"
  # The lock is not for cargo's children: a compiler that outlives us must not hold it.
  cargo build --release --locked --manifest-path "$crate/Cargo.toml" --target-dir "$dir/target" \
    </dev/null >&2 9>&-
  # The newest, should an earlier build have left one with other features.
  include=$(find "$dir/target/release/build" -path '*/wasmtime-c-api-impl-*/out/include/wasmtime.h' \
    -printf '%T@ %h\n' | sort -rn | sed -n '1s/^[^ ]* //p')
  if [[ -z $include ]]; then
    say "the build left no include/wasmtime.h below $dir/target"
    exit 1
  fi
  rm -rf "$sdk" "$sdk.new"
  mkdir -p "$sdk.new/lib"
  cp -R "$include" "$sdk.new/include"
  for library in libsluice_wasmtime.a libsluice_wasmtime.so; do
    ln "$dir/target/release/$library" "$sdk.new/lib/" 2>/dev/null ||
      cp "$dir/target/release/$library" "$sdk.new/lib/"
  done
  touch "$sdk.new/complete"
  mv "$sdk.new" "$sdk"
  rm -rf "$dir/target" # another version gets another folder: this one is of no more use
  say "done"
fi
printf '%s\n' "$sdk"
