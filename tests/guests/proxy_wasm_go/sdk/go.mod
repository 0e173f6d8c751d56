// SPDX-License-Identifier: Apache-2.0
// The plugin's SDK is for TinyGo alone. This module has its name, and hands what
// the plugin uses to the SDK's successor, which is for Go.
module github.com/tetratelabs/proxy-wasm-go-sdk

go 1.24

require github.com/proxy-wasm/proxy-wasm-go-sdk v0.0.0-20260105142703-44c7d5847745
