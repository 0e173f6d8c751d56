// SPDX-License-Identifier: Apache-2.0

package proxywasm

import _ "unsafe" // for go:linkname

//go:linkname pluginMain main.main
func pluginMain()

// TinyGo runs the plugin's main when the module begins. Go does not run it in a module that is a
// library, but the host calls a function of this name.
//
//go:wasmexport main
func runMain(_, _ int32) int32 {
	pluginMain()
	return 0
}
