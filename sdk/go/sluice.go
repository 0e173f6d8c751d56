// SPDX-License-Identifier: Apache-2.0

// Package sluice is for programs of the WasmHost filter of the Sluice gateway.
//
// A program registers itself before main, which does nothing:
//
//	type addHeader struct{}
//
//	func (addHeader) Run() (sluice.Result, error) {
//		sluice.Request.AddHeader("X-Wasm", "was here")
//		return sluice.Next, nil
//	}
//
//	func init() {
//		sluice.Register(func(sluice.Params) (sluice.Program, error) { return addHeader{}, nil })
//	}
//
//	func main() {}
//
// Build it with GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared.
//
// An error and a panic are logged and end the run with wasmError. So does a call that the gateway
// refuses, such as a method with a blank. Absent values are empty strings.
//
// Strings are bytes: what a client sends need not be UTF-8 and passes unchanged.
package sluice

import (
	"syscall"
	"time"
)

// Params are the parameters in the configuration of the filter.
type Params map[string]string

// Result tells the pipeline how a run ended: Next, or 1 to 9 for wasmResult1 to wasmResult9.
type Result int32

// Next lets the next filter of the pipeline run.
const Next Result = 0

// Program handles requests, one at a time.
type Program interface {
	// Run handles one request. It is one transaction: a run that conflicts with another one is
	// undone and executed again. Fields of the program keep what the first execution left in them.
	Run() (Result, error)
}

// Register names the function that makes the program of an instance. Call it in init.
func Register(make func(Params) (Program, error)) { makeProgram = make }

// Level is the level of a line in the log.
type Level int32

// The levels of the log.
const (
	Debug Level = iota
	Info
	Warning
	Error
)

// Log writes a line to the log of the gateway.
func Log(level Level, message string) { hostLog(int32(level), stringBlock(message)) }

// Fail logs the reason and ends the run with wasmError. Nothing that the run did remains.
func Fail(reason string) {
	Log(Error, reason)
	syscall.Exit(1) // a panic would write a trace of many lines
}

// AddTag adds a tag to the line of the request in the access log.
func AddTag(tag string) { hostAddTag(stringBlock(tag)) }

// Rand returns a random number, at least 0 and less than 1.
func Rand() float64 { return hostRand() }

// Now returns the time of the gateway, in milliseconds.
func Now() time.Time { return time.UnixMilli(hostGetUnixTimeInMs()) }

// ParseDate returns the time of a text such as 2026-11-27T20:00:00+01:00 or 2026-11-27 20:00
// Europe/Berlin. zone is the name of the zone of a text that has none; "" is UTC, of which the gateway
// warns in its log. Any other text ends the run.
func ParseDate(text, zone string) time.Time {
	return time.UnixMilli(hostParseDate(stringBlock(text), stringBlock(zone)))
}

var (
	makeProgram func(Params) (Program, error)
	program     Program
)

//go:wasmexport wasm_init
func wasmInit(params uint32) {
	texts := takeArray(params)
	all := Params{}
	for i := 0; i+1 < len(texts); i += 2 {
		all[texts[i]] = texts[i+1]
	}
	if makeProgram == nil {
		Fail("no program: Register was not called")
	}
	made, err := makeProgram(all)
	if err != nil {
		Fail(err.Error())
	}
	program = made
}

//go:wasmexport wasm_run
func wasmRun() int32 {
	result, err := program.Run()
	if err != nil {
		Fail(err.Error())
	}
	return int32(result)
}
