#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes packages of what has been built, in build/packages.
#   tools/package.sh [deb] [archive] [npm]      default: all; npm needs no build
# BUILD=build-profiled: of that build. PACKAGE_VERSION: instead of the version below.
# PACKAGE_MAINTAINER="NAME <ADDRESS>": who answers for the package, instead of the name in packaging/debian/control.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
tree=$PWD
build=$tree/${BUILD:-build}
out=$tree/build/packages
kinds=("$@")
if ((${#kinds[@]} == 0)); then kinds=(deb archive npm); fi

version=$(sed -n 's/^project(sluice VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)}
export SOURCE_DATE_EPOCH
# Before a release, a version is below that of the release, and grows with each commit.
if ! grep -q "^## \[$version\]" CHANGELOG.md; then
  version+="~git$(git rev-list --count HEAD 2>/dev/null || echo 0).$(git rev-parse --short=8 HEAD 2>/dev/null || echo unknown)"
fi
version=${PACKAGE_VERSION:-$version}
maintainer=${PACKAGE_MAINTAINER:-$(sed -n 's/^Maintainer: //p' packaging/debian/control)}

say() { printf 'package: %s\n' "$*" >&2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"

make_deb() {
  local source=$work/source
  mkdir -p "$source"
  cp -r packaging/debian "$source/debian"
  sed -i "s|^Maintainer: .*|Maintainer: $maintainer|" "$source/debian/control"
  cp packaging/sluice.service "$source/debian/sluice-gateway.sluice.service"
  cp packaging/sluice.logrotate "$source/debian/sluice-gateway.sluice.logrotate"
  /usr/bin/python3 tools/debian_changelog.py "$version" "$maintainer" "$SOURCE_DATE_EPOCH" >"$source/debian/changelog"
  tools/licences.py "$build" >"$source/debian/third-party.txt"
  if ! (cd "$source" && SLUICE_TREE=$tree SLUICE_BUILD=$build dh binary --no-parallel) >"$work/log" 2>&1; then
    cat "$work/log" >&2
    exit 1
  fi
  rm -f "$out"/sluice-gateway*.deb
  mv "$work"/*.deb "$out/"
}

# Names of the libraries that every machine has with its glibc.
of_glibc='^(ld-linux.*|lib(c|m|dl|rt|pthread|resolv|util|anl|nsl|BrokenLocale|mvec))\.so'

make_archive() {
  local name root program library
  name=sluice-$version-linux-$(uname -m)
  root=$work/$name
  mkdir -p "$root/lib/sluice"
  # In an archive, folders are seen from its own.
  tools/lay_out.sh "$build" "$root" "" sluice
  rm -r "$root/lib/systemd"
  install -m 644 packaging/archive.md "$root/README.md"
  local -a libraries
  mapfile -t libraries < <(ldd "$root/bin/sluice-server" "$root/bin/egctl" | awk '$2 == "=>" {print $1, $3}' | sort -u |
    grep -vE "$of_glibc" | cut -d' ' -f2)
  for library in "${libraries[@]}"; do install -m 644 "$library" "$root/lib/sluice/"; done
  strip --strip-unneeded "$root"/bin/* "$root"/lib/sluice/*
  # DT_RPATH, which holds for the libraries of libraries as well.
  for program in "$root"/bin/*; do patchelf --force-rpath --set-rpath "\$ORIGIN/../lib/sluice" "$program"; done
  tools/licences.py "$build" "${libraries[@]}" >"$root/share/doc/sluice/third-party.txt"
  rm -f "$out"/sluice-*-linux-*.tar.gz
  tar -C "$work" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -c "$name" |
    gzip -9n >"$out/$name.tar.gz"
}

make_npm() {
  rm -f "$out"/sluice-*.tgz
  local folder
  for folder in sdk/assemblyscript examples/flash-sale; do
    npm pack --silent --pack-destination "$out" "./$folder" </dev/null >/dev/null
  done
}

for kind in "${kinds[@]}"; do
  case $kind in
    deb) make_deb ;;
    archive) make_archive ;;
    npm) make_npm ;;
    *)
      sed -n '3,6s/^# *//p' "${BASH_SOURCE[0]}" >&2
      exit 2
      ;;
  esac
done
say "$out:" && ls -sh --time-style=+ "$out" >&2
