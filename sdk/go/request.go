// SPDX-License-Identifier: Apache-2.0

package sluice

// Request is the request that the filter is working on.
var Request request

type request struct{}

// RealIP returns the address of the client, behind trusted proxies, too.
func (request) RealIP() string { return takeString(hostReqGetRealIp()) }

// Scheme returns http or https.
func (request) Scheme() string { return takeString(hostReqGetScheme()) }

// Proto returns the protocol, such as HTTP/1.1.
func (request) Proto() string { return takeString(hostReqGetProto()) }

// Method returns the method.
func (request) Method() string { return takeString(hostReqGetMethod()) }

// SetMethod sets the method.
func (request) SetMethod(method string) { hostReqSetMethod(stringBlock(method)) }

// Host returns the Host header, with the port if there is one.
func (request) Host() string { return takeString(hostReqGetHost()) }

// SetHost sets the Host header.
func (request) SetHost(host string) { hostReqSetHost(stringBlock(host)) }

// Path returns the path, decoded.
func (request) Path() string { return takeString(hostReqGetPath()) }

// SetPath sets the path.
func (request) SetPath(path string) { hostReqSetPath(stringBlock(path)) }

// EscapedPath returns the path with its escapes.
func (request) EscapedPath() string { return takeString(hostReqGetEscapedPath()) }

// Query returns the query without the question mark.
func (request) Query() string { return takeString(hostReqGetQuery()) }

// SetQuery sets the query.
func (request) SetQuery(query string) { hostReqSetQuery(stringBlock(query)) }

// Fragment is empty as a rule: clients do not send it.
func (request) Fragment() string { return takeString(hostReqGetFragment()) }

// Header returns the first value of the header, in any case of its name.
func (request) Header(name string) string { return takeString(hostReqGetHeader(stringBlock(name))) }

// AllHeader returns all headers but Host.
func (request) AllHeader() Header { return parseHeader(takeString(hostReqGetAllHeader())) }

// SetAllHeader replaces all headers. A line break in a value becomes a blank.
func (request) SetAllHeader(all Header) { hostReqSetAllHeader(stringBlock(all.lines())) }

// SetHeader replaces all values of the header by this one.
func (request) SetHeader(name, value string) {
	hostReqSetHeader(stringBlock(name), stringBlock(value))
}

// AddHeader adds a value to the header.
func (request) AddHeader(name, value string) {
	hostReqAddHeader(stringBlock(name), stringBlock(value))
}

// DelHeader removes all values of the header.
func (request) DelHeader(name string) { hostReqDelHeader(stringBlock(name)) }

// Cookie returns the cookie of this name, and whether there is one.
func (request) Cookie(name string) (Cookie, bool) {
	return ParseCookie(takeString(hostReqGetCookie(stringBlock(name))))
}

// AllCookie returns all cookies.
func (request) AllCookie() []Cookie {
	var all []Cookie
	for _, text := range takeArray(hostReqGetAllCookie()) {
		if cookie, found := ParseCookie(text); found {
			all = append(all, cookie)
		}
	}
	return all
}

// AddCookie adds a cookie, of which the request carries name and value only.
func (request) AddCookie(cookie Cookie) { hostReqAddCookie(stringBlock(cookie.pair())) }

// Body returns the body. The run fails if the server streams it.
func (request) Body() []byte { return takeData(hostReqGetBody()) }

// SetBody sets the body.
func (request) SetBody(body []byte) { hostReqSetBody(dataBlock(body)) }
