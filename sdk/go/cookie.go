// SPDX-License-Identifier: Apache-2.0

package sluice

import (
	"math"
	"strconv"
	"strings"
)

// SameSite is the attribute of that name.
type SameSite int

// The values of SameSite.
const (
	SameSiteUnset SameSite = iota
	SameSiteLax
	SameSiteStrict
	SameSiteNone
)

var sameSites = []string{"", "Lax", "Strict", "None"}

// Cookie is a cookie of a Cookie header (name and value only) or of a Set-Cookie header.
type Cookie struct {
	Name, Value  string
	Path, Domain string
	Expires      string
	MaxAge       int32 // seconds; 0: no attribute, negative: delete now
	Secure       bool
	HTTPOnly     bool
	SameSite     SameSite
}

// ParseCookie reads a pair of a Cookie header or a whole Set-Cookie header.
func ParseCookie(text string) (Cookie, bool) {
	parts := strings.Split(text, ";")
	name, value, found := strings.Cut(parts[0], "=")
	cookie := Cookie{Name: strings.TrimSpace(name), Value: strings.TrimSpace(value)}
	if !found || cookie.Name == "" {
		return Cookie{}, false
	}
	for _, part := range parts[1:] {
		name, value, _ := strings.Cut(part, "=")
		cookie.set(strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value))
	}
	return cookie, true
}

func (cookie *Cookie) set(name, value string) {
	switch name {
	case "path":
		cookie.Path = value
	case "domain":
		cookie.Domain = value
	case "expires":
		cookie.Expires = value
	case "max-age":
		if age, err := strconv.ParseInt(value, 10, 64); err == nil {
			cookie.MaxAge = -1
			if age > 0 {
				cookie.MaxAge = int32(min(age, math.MaxInt32))
			}
		}
	case "secure":
		cookie.Secure = true
	case "httponly":
		cookie.HTTPOnly = true
	case "samesite":
		cookie.SameSite = SameSiteUnset
		for mode, text := range sameSites {
			if strings.EqualFold(text, value) {
				cookie.SameSite = SameSite(mode)
			}
		}
	}
}

// String returns the text of a Set-Cookie header. What would end a value early is left out of it.
func (cookie Cookie) String() string {
	text := cookie.pair()
	add := func(name, value string) {
		if value != "" {
			text += "; " + name + "=" + clean(value)
		}
	}
	add("Path", cookie.Path)
	add("Domain", cookie.Domain)
	add("Expires", cookie.Expires)
	if cookie.MaxAge != 0 {
		add("Max-Age", strconv.Itoa(int(max(cookie.MaxAge, 0))))
	}
	if cookie.Secure {
		text += "; Secure"
	}
	if cookie.HTTPOnly {
		text += "; HttpOnly"
	}
	add("SameSite", sameSites[cookie.SameSite])
	return text
}

func (cookie Cookie) pair() string {
	if !isToken(cookie.Name) {
		Fail("cookie: not a name")
	}
	return cookie.Name + "=" + clean(cookie.Value)
}

// Byte by byte: the value need not be UTF-8.
func clean(value string) string {
	out := make([]byte, 0, len(value))
	for i := 0; i < len(value); i++ {
		if c := value[i]; c >= 0x20 && c != ';' && c != 0x7f {
			out = append(out, c)
		}
	}
	return string(out)
}

func isToken(name string) bool {
	for i := 0; i < len(name); i++ {
		if name[i] <= 0x20 || name[i] >= 0x7f || strings.IndexByte("()<>@,;:\\\"/[]?={}", name[i]) >= 0 {
			return false
		}
	}
	return name != ""
}
