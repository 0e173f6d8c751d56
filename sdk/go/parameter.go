// SPDX-License-Identifier: Apache-2.0

package sluice

import (
	"strconv"
	"time"
)

// Parameter has the parameters of the filter, by name and type. Call its methods in the function that
// makes the program.
//
// A value that is none of the type, a missing one and, once there is one call, a parameter that nobody
// asks for are refused with their name when the filter is applied. A method with Or takes the value of
// one that is not given.
var Parameter parameter

type parameter struct{}

// Text returns the text.
func (parameter) Text(name string) string {
	return ask(name, "text")
}

// TextOr returns otherwise if it is not given.
func (parameter) TextOr(name string, otherwise string) string {
	return askOr(name, "text", otherwise)
}

// Integer returns a decimal number of 64 bits.
func (parameter) Integer(name string) int64 {
	return integerOf(ask(name, "integer"))
}

// IntegerOr returns otherwise if it is not given.
func (parameter) IntegerOr(name string, otherwise int64) int64 {
	return integerOf(askOr(name, "integer", strconv.FormatInt(otherwise, 10)))
}

// Number returns a finite number.
func (parameter) Number(name string) float64 {
	return numberOf(ask(name, "number"))
}

// NumberOr returns otherwise if it is not given.
func (parameter) NumberOr(name string, otherwise float64) float64 {
	return numberOf(askOr(name, "number", strconv.FormatFloat(otherwise, 'g', -1, 64)))
}

// Boolean returns true or false.
func (parameter) Boolean(name string) bool {
	return ask(name, "boolean") == "true"
}

// BooleanOr returns otherwise if it is not given.
func (parameter) BooleanOr(name string, otherwise bool) bool {
	return askOr(name, "boolean", strconv.FormatBool(otherwise)) == "true"
}

// Duration returns a duration such as 1m30s.
func (parameter) Duration(name string) time.Duration {
	return time.Duration(integerOf(ask(name, "duration"))) * time.Millisecond
}

// DurationOr returns otherwise if it is not given.
func (parameter) DurationOr(name string, otherwise string) time.Duration {
	return time.Duration(integerOf(askOr(name, "duration", otherwise))) * time.Millisecond
}

// Time returns a time such as 2026-11-27 20:00 Europe/Berlin.
func (parameter) Time(name string) time.Time {
	return time.UnixMilli(integerOf(ask(name, "time")))
}

// TimeOr returns otherwise if it is not given.
func (parameter) TimeOr(name string, otherwise string) time.Time {
	return time.UnixMilli(integerOf(askOr(name, "time", otherwise)))
}

func ask(name, kind string) string {
	return takeString(hostParameter(stringBlock(name), stringBlock(kind)))
}

func askOr(name, kind, otherwise string) string {
	return takeString(hostParameterOr(stringBlock(name), stringBlock(kind), stringBlock(otherwise)))
}

// The gateway has checked the texts.
func integerOf(text string) int64 {
	value, _ := strconv.ParseInt(text, 10, 64)
	return value
}

func numberOf(text string) float64 {
	value, _ := strconv.ParseFloat(text, 64)
	return value
}
