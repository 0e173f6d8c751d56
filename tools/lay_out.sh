#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copies what has been built to where a system has it: programs, engines, man pages, completions, unit.
#   tools/lay_out.sh BUILD ROOT PREFIX [NAME]      files go below ROOT, which may be "", in PREFIX
# NAME is the folder in share/doc (default: sluice).
set -euo pipefail
tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

if (($# < 3)); then
  sed -n '3,5s/^# *//p' "${BASH_SOURCE[0]}" >&2
  exit 2
fi
build=$1
prefix=${3%/}
to=$2$prefix
name=${4:-sluice}

if [[ ! -x $build/bin/sluice-server || ! -x $build/bin/egctl || ! -e $build/share/sluice/lua.wasm ]]; then
  printf 'There are no programs in %s/bin: run make build.\n' "$build" >&2
  exit 1
fi
put() { # MODE FILE FOLDER [NAME]
  install -d -m 755 "$to/$3"
  install -m "$1" "$2" "$to/$3/${4:-}"
}
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT

put 755 "$build/bin/sluice-server" bin
put 755 "$build/bin/egctl" bin
for engine in "$build"/share/sluice/*.wasm; do put 644 "$engine" share/sluice; done

/usr/bin/python3 "$tree/tools/man_pages.py" "$build/bin" "$made/man"
for page in "$made"/man/man*/*; do
  gzip -9n "$page"
  put 644 "$page.gz" "share/man/$(basename "$(dirname "$page")")"
done

"$build/bin/egctl" completion bash >"$made/egctl"
"$build/bin/egctl" completion fish >"$made/egctl.fish"
put 644 "$made/egctl" share/bash-completion/completions
put 644 "$made/egctl.fish" share/fish/vendor_completions.d

sed "s|/usr/bin/sluice-server|$prefix/bin/sluice-server|" "$tree/packaging/sluice.service" >"$made/sluice.service"
put 644 "$made/sluice.service" lib/systemd/system

# The folders of the service; all else stays a comment.
"$build/bin/sluice-server" --sample-config |
  sed -e 's|^#home-dir: .*|&\nhome-dir: /var/lib/sluice|' -e 's|^#log-dir: .*|&\nlog-dir: /var/log/sluice|' \
    >"$made/sluice.yaml"
examples=share/doc/$name/examples
put 644 "$made/sluice.yaml" "$examples"
put 644 "$tree/packaging/sluice.logrotate" "$examples"
for file in alerts.yaml sluice.json; do put 644 "$tree/packaging/grafana/$file" "$examples/grafana"; done
put 644 "$tree/LICENSE" "share/doc/$name"
put 644 "$tree/CHANGELOG.md" "share/doc/$name"
