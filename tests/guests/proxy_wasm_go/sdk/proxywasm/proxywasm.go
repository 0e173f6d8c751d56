// SPDX-License-Identifier: Apache-2.0

// Package proxywasm has the functions of the SDK's successor.
package proxywasm

import "github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"

type MetricCounter = proxywasm.MetricCounter

var (
	SetVMContext            = proxywasm.SetVMContext
	GetPluginConfiguration  = proxywasm.GetPluginConfiguration
	GetProperty             = proxywasm.GetProperty
	GetHttpRequestHeader    = proxywasm.GetHttpRequestHeader
	GetHttpRequestHeaders   = proxywasm.GetHttpRequestHeaders
	GetHttpRequestBody      = proxywasm.GetHttpRequestBody
	GetHttpResponseHeader   = proxywasm.GetHttpResponseHeader
	GetHttpResponseHeaders  = proxywasm.GetHttpResponseHeaders
	GetHttpResponseBody     = proxywasm.GetHttpResponseBody
	ReplaceHttpResponseBody = proxywasm.ReplaceHttpResponseBody
	SendHttpResponse        = proxywasm.SendHttpResponse
	DefineCounterMetric     = proxywasm.DefineCounterMetric
	LogTracef               = proxywasm.LogTracef
	LogDebug                = proxywasm.LogDebug
	LogDebugf               = proxywasm.LogDebugf
	LogInfo                 = proxywasm.LogInfo
	LogInfof                = proxywasm.LogInfof
	LogWarn                 = proxywasm.LogWarn
	LogWarnf                = proxywasm.LogWarnf
	LogError                = proxywasm.LogError
	LogErrorf               = proxywasm.LogErrorf
	LogCritical             = proxywasm.LogCritical
	LogCriticalf            = proxywasm.LogCriticalf
)
