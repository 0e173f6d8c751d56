#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Compiles a program and the SDK to a module.
#   compile.sh TOOLCHAIN PROGRAM.wasm SOURCE.kt...
# TOOLCHAIN: the folder with the compiler and its library, which pom.xml names.
set -eu

toolchain=$1
out=$2
shift 2
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
library=$(echo "$toolchain"/kotlin-stdlib-wasm-wasi-*.klib)

kotlin() {
  java -Xmx1g -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$toolchain/*" \
    org.jetbrains.kotlin.cli.js.K2JSCompiler -Xwasm -Xwasm-target=wasm-wasi -libraries "$library" "$@"
}
kotlin -Xir-produce-klib-dir -Xir-module-name=program -ir-output-name program -ir-output-dir "$made/klib" "$@"
kotlin -Xir-produce-js -Xir-dce -Xwasm-use-new-exception-proposal "-Xinclude=$made/klib" -ir-output-name program \
  -ir-output-dir "$made"
mv "$made/program.wasm" "$out"
