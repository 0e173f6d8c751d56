#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the etcd of tests/etcd (go.mod names its version), once. Debian's is of 3.4; tests run on
# both: SLUICE_ETCD=$(tools/build_etcd.sh) build/bin/sluice_etcd_test
# The last line of standard output is the program. Already built: instant. The first build takes about
# 70 seconds of CPU time, and Go modules by the module proxy that `go env GOPROXY` names.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source=$root/tests/etcd
cache=${SLUICE_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/sluice}

say() { printf '%s\n' "etcd: $*" >&2; }

if ! command -v go >/dev/null; then
  say "Go is needed, of the version that tests/etcd/go.mod names or newer"
  exit 1
fi
hash=$({
  cat "$source/go.mod" "$source/go.sum" "$source/main.go"
  go version
} | sha256sum | cut -c1-16)
dir=$cache/etcd-$hash
if [[ ! -x $dir/etcd ]]; then
  mkdir -p "$dir"
  exec 9>"$dir/lock"
  flock 9
  if [[ ! -x $dir/etcd ]]; then
    say "building in $dir, once"
    if ! (cd "$source" && GOTOOLCHAIN=local GOFLAGS=-mod=readonly go build -trimpath -o "$dir/etcd.new" . \
      </dev/null >"$dir/log" 2>&1 9>&-); then
      tail -n 40 "$dir/log" >&2
      exit 1
    fi
    mv "$dir/etcd.new" "$dir/etcd"
    say "done"
  fi
fi
printf '%s\n' "$dir/etcd"
