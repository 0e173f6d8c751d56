// SPDX-License-Identifier: Apache-2.0

package sluice

import "strings"

// Header maps canonical names, such as X-Real-Ip, to their values in order.
type Header map[string][]string

func parseHeader(text string) Header {
	all := Header{}
	for _, line := range strings.Split(text, "\n") {
		if name, value, found := strings.Cut(line, ":"); found {
			name = strings.Trim(name, " \t\r")
			all[name] = append(all[name], strings.Trim(value, " \t\r"))
		}
	}
	return all
}

var withoutBreaks = strings.NewReplacer("\r", " ", "\n", " ")

// A line break in a value becomes a blank, so that it is no header of its own.
func (all Header) lines() string {
	var out strings.Builder
	for name, values := range all {
		if strings.ContainsAny(name, "\r\n:") {
			Fail("SetAllHeader: not the name of a header")
		}
		for _, value := range values {
			out.WriteString(name + ": " + withoutBreaks.Replace(value) + "\r\n")
		}
	}
	return out.String()
}
