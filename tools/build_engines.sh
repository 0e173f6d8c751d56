#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the script engines of engines/ as WebAssembly, once for each state of their sources.
#   tools/build_engines.sh FOLDER     puts javascript.wasm and lua.wasm into FOLDER
#   tools/build_engines.sh compiler   only sees to the compiler
# engines/Cargo.lock pins the sources of the engines, engines/compiler.txt the compiler. Both come from
# their registries once. The result is the same on every machine, and lies in the cache.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
engines=$root/engines
cache=${SLUICE_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/sluice}
version=$(sed -n 's/^ziglang==\([0-9.]*\).*/\1/p' "$engines/compiler.txt")
zig=$cache/ziglang-$version/ziglang/zig
out=${1:?usage: tools/build_engines.sh FOLDER | compiler}

say() { printf '%s\n' "engines: $*" >&2; }

hash=$(cd "$engines" && cat compiler.txt Cargo.lock ./*.c ./*.h ./*.js ./*.lua ./*.s "$root/tools/build_engines.sh" | sha256sum | cut -c1-16)
built=$cache/engines-$hash

deliver() {
  mkdir -p "$out"
  local file
  for file in "$built"/*.wasm; do
    cp "$file" "$out/.${file##*/}.new"
    mv "$out/.${file##*/}.new" "$out/${file##*/}"
  done
}

install_compiler() {
  if [[ -x $zig ]]; then return; fi
  say "installing the compiler, ziglang $version"
  rm -rf "$cache/ziglang-$version.new"
  /usr/bin/python3 -m pip install --quiet --no-deps --require-hashes --root-user-action=ignore \
    --target "$cache/ziglang-$version.new" -r "$engines/compiler.txt" </dev/null >&2
  mv "$cache/ziglang-$version.new" "$cache/ziglang-$version"
}

# The folder of a crate's source.
crate() {
  cargo metadata --locked --format-version 1 --manifest-path "$engines/Cargo.toml" </dev/null |
    grep -o "\"manifest_path\":\"[^\"]*/$1-[0-9.]*/Cargo.toml\"" | cut -d'"' -f4 | xargs dirname
}

# QuickJS knows the place of what can fail. A loop that never ends also needs those of all statements, and
# of the instruction that a jump leads to. And its hashes have no secret: names that collide are easy to find.
adapt_quickjs() {
  sed -e 's|^    /\* specific label handling \*/$|    emit_source_loc(s);|' \
    -e 's|^\( *if (unlikely(js_poll_interrupts(ctx))\))$|\1 \&\& pc++)|' \
    -e 's/^        h = h \* 263 + str\[i\];$/        h = (h ^ str[i]) * hash_secret, h ^= h >> 15;/' \
    -e 's/^        h = (u.u32\[0\] ^ u.u32\[1\]) \* 3163;$/        h = (u.u32[0] * hash_secret ^ u.u32[1]) * hash_secret, h ^= h >> 15;/' \
    "$1" >"$2"
  local changed
  changed=$(diff "$1" "$2" | grep -c '^>' || true)
  if ((changed != 11)); then
    say "quickjs.c is not as expected: $changed lines to change instead of 11"
    exit 1
  fi
}

build_javascript() {
  local quickjs
  quickjs=$(crate rquickjs-sys)/quickjs
  adapt_quickjs "$quickjs/quickjs.c" "$1/quickjs.c"
  "$zig" cc --target=wasm32-wasi -mexec-model=reactor -std=gnu11 -O2 -DNDEBUG -D_GNU_SOURCE \
    -D_WASI_EMULATED_SIGNAL -D_WASI_EMULATED_PROCESS_CLOCKS -w -I"$1" -I"$quickjs" -I"$engines" \
    "$engines/javascript.c" "$quickjs"/{libregexp,libunicode,dtoa}.c \
    -lwasi-emulated-signal -lwasi-emulated-process-clocks \
    -Wl,-z,stack-size=524288 -Wl,--strip-all -o "$1/javascript.wasm" </dev/null >&2
}

# A loop or a call without end, and a pattern that tries for ever, read the clock.
spend_time() {
  sed -e 's|^#define updatetrap(ci)  (trap = ci->u.l.trap)$|#define updatetrap(ci)  (trap = spend(L, ci))|' \
    -e 's|^  trap = L->hookmask;$|  trap = (spend(L, ci), L->hookmask);|' "$1/lvm.c" >"$2/lvm.c"
  sed -e 's|^  if (l_unlikely(ms->matchdepth-- == 0))$|  spend_in_c(ms->L);\n&|' \
    -e 's|^    while (++s < ms->src_end) {$|&\n      spend_in_c(ms->L);|' "$1/lstrlib.c" >"$2/lstrlib.c"
  local changed
  changed=$(diff -r "$1" "$2" | grep -c '^>' || true)
  if ((changed != 4)); then
    say "lvm.c and lstrlib.c are not as expected: $changed lines to change instead of 4"
    exit 1
  fi
}

build_lua() {
  local lua
  lua=$(crate lua-src)/lua-5.4.9
  mkdir "$1/lua"
  spend_time "$lua" "$1/lua"
  "$zig" cc --target=wasm32-wasi -mexec-model=reactor -mcpu=generic+exception_handling -std=gnu2x -O2 -DNDEBUG -w \
    -I"$1/lua" -I"$lua" -I"$engines" "$engines/lua.c" "$engines/lua_try.s" \
    -Wl,-z,stack-size=524288 -Wl,--strip-all -o "$1/lua.wasm" </dev/null >&2
}

mkdir -p "$cache"
exec 9>"$cache/engines.lock"
flock 9
if [[ $out == compiler ]]; then
  if [[ ! -d $built ]]; then install_compiler; fi
  exit 0
fi
if [[ ! -d $built ]]; then
  install_compiler
  say "building in $built, once"
  export ZIG_GLOBAL_CACHE_DIR=$cache/zig-cache ZIG_LOCAL_CACHE_DIR=$built.new/zig
  rm -rf "$built.new"
  mkdir -p "$built.new"
  build_javascript "$built.new"
  build_lua "$built.new"
  rm -rf "$ZIG_LOCAL_CACHE_DIR" "$built.new/quickjs.c" "$built.new/lua"
  mv "$built.new" "$built"
fi
deliver
