// SPDX-License-Identifier: Apache-2.0

// Package types has the types and values of the SDK's successor.
package types

import "github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"

type (
	Action               = types.Action
	OnPluginStartStatus  = types.OnPluginStartStatus
	OnVMStartStatus      = types.OnVMStartStatus
	VMContext            = types.VMContext
	PluginContext        = types.PluginContext
	HttpContext          = types.HttpContext
	DefaultVMContext     = types.DefaultVMContext
	DefaultPluginContext = types.DefaultPluginContext
	DefaultHttpContext   = types.DefaultHttpContext
)

const (
	ActionContinue            = types.ActionContinue
	ActionPause               = types.ActionPause
	OnPluginStartStatusOK     = types.OnPluginStartStatusOK
	OnPluginStartStatusFailed = types.OnPluginStartStatusFailed
)

var ErrorStatusNotFound = types.ErrorStatusNotFound
