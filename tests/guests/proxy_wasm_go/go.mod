// SPDX-License-Identifier: Apache-2.0
// Fetches a plugin of others, and builds it as it is: with the versions of all that goes into it.
module sluice.example/plugins

go 1.24

require (
	github.com/corazawaf/coraza-proxy-wasm v0.0.0-20260824140537-b1770f5b0be3
	github.com/corazawaf/coraza/v3 v3.3.3
	github.com/proxy-wasm/proxy-wasm-go-sdk v0.0.0-20260105142703-44c7d5847745
)

replace github.com/tetratelabs/proxy-wasm-go-sdk => ./sdk
