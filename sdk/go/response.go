// SPDX-License-Identifier: Apache-2.0

package sluice

// Response is the response. Before another filter has made one, it is empty and has the status 200.
var Response response

type response struct{}

// StatusCode returns the status code.
func (response) StatusCode() int { return int(hostRespGetStatusCode()) }

// SetStatusCode sets the status code, 200 to 599.
func (response) SetStatusCode(code int) { hostRespSetStatusCode(int32(code)) }

// Header returns the first value of the header, in any case of its name.
func (response) Header(name string) string { return takeString(hostRespGetHeader(stringBlock(name))) }

// AllHeader returns all headers.
func (response) AllHeader() Header { return parseHeader(takeString(hostRespGetAllHeader())) }

// SetAllHeader replaces all headers. A line break in a value becomes a blank.
func (response) SetAllHeader(all Header) { hostRespSetAllHeader(stringBlock(all.lines())) }

// SetHeader replaces all values of the header by this one.
func (response) SetHeader(name, value string) {
	hostRespSetHeader(stringBlock(name), stringBlock(value))
}

// AddHeader adds a value to the header.
func (response) AddHeader(name, value string) {
	hostRespAddHeader(stringBlock(name), stringBlock(value))
}

// DelHeader removes all values of the header.
func (response) DelHeader(name string) { hostRespDelHeader(stringBlock(name)) }

// SetCookie adds a Set-Cookie header.
func (response) SetCookie(cookie Cookie) { hostRespSetCookie(stringBlock(cookie.String())) }

// Body returns the body. The run fails if it is streamed from the backend.
func (response) Body() []byte { return takeData(hostRespGetBody()) }

// SetBody sets the body.
func (response) SetBody(body []byte) { hostRespSetBody(dataBlock(body)) }
