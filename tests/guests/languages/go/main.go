// SPDX-License-Identifier: Apache-2.0

// Does what X-Mode says; see README.md in the folder above.
package main

import (
	"errors"
	"math"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	sluice "sluice/sdk/go"
)

type every struct {
	out  strings.Builder
	kept [][]byte

	parameters []string
	ratio      float64
}

func (guest *every) Run() (sluice.Result, error) {
	mode := sluice.Request.Header("X-Mode")
	key := sluice.Request.Header("X-Key")
	guest.out.Reset()
	switch mode {
	case "every":
		guest.every()
	case "put":
		sluice.Cluster.PutString(key, sluice.Request.Header("X-Value"))
		sluice.Response.SetBody([]byte(key))
	case "get":
		sluice.Response.SetBody([]byte(sluice.Cluster.GetString(key)))
	case "exception":
		return sluice.Next, errors.New("thrown by every")
	case "panic":
		panic("panicked in every")
	default:
		guest.misbehave(mode)
		sluice.Response.SetBody([]byte(lookOutside(mode)))
	}
	return sluice.Next, nil
}

func (guest *every) say(name, value string) { guest.out.WriteString(name + "=" + value + "\n") }

func (guest *every) sayOk(name string, ok bool) {
	if ok {
		guest.say(name, "ok")
	} else {
		guest.say(name, "wrong")
	}
}

func (guest *every) every() {
	guest.readRequest()
	guest.changeRequest()
	guest.changeResponse()
	guest.shareData()
	sluice.AddTag("tag é")
	sluice.Log(sluice.Debug, "every debug")
	sluice.Log(sluice.Info, "every info")
	sluice.Log(sluice.Warning, "every warning")
	sluice.Log(sluice.Error, "every error")
	guest.sayOk("now", sluice.Now().Unix() > 1600000000)
	number := sluice.Rand()
	guest.sayOk("rand", number >= 0 && number < 1)
	date := sluice.ParseDate("2026-11-27 20:00", "Europe/Berlin")
	guest.say("date", strconv.FormatInt(date.UnixMilli(), 10))
	guest.say("parameters", strings.Join(guest.parameters, "|"))
	guest.sayOk("number", guest.ratio == 0.5)
	sluice.Response.SetBody([]byte(guest.out.String()))
}

func (guest *every) readRequest() {
	guest.say("realIp", sluice.Request.RealIP())
	guest.say("scheme", sluice.Request.Scheme())
	guest.say("proto", sluice.Request.Proto())
	guest.say("method", sluice.Request.Method())
	guest.say("host", sluice.Request.Host())
	guest.say("path", sluice.Request.Path())
	guest.say("escapedPath", sluice.Request.EscapedPath())
	guest.say("query", sluice.Request.Query())
	guest.say("fragment", sluice.Request.Fragment())
	guest.say("user", sluice.Request.Header("x-user"))
	guest.say("missing", sluice.Request.Header("X-Missing"))
	guest.say("many", strings.Join(sluice.Request.AllHeader()["X-Many"], "|"))
	cookie, _ := sluice.Request.Cookie("a")
	guest.say("cookie", cookie.Name+":"+cookie.Value)
	_, found := sluice.Request.Cookie("z")
	guest.sayOk("noCookie", !found)
	guest.say("cookies", allCookies())
	guest.say("body", string(sluice.Request.Body()))
}

func (guest *every) changeRequest() {
	sluice.Request.SetMethod("PUT")
	sluice.Request.SetHost("probe.example:8080")
	sluice.Request.SetPath("/n w/ü")
	sluice.Request.SetQuery("r=%20")
	sluice.Request.SetHeader("X-Set", "old")
	sluice.Request.SetHeader("X-Set", "new")
	sluice.Request.AddHeader("X-Set", "more")
	sluice.Request.SetHeader("X-Gone", "x")
	sluice.Request.DelHeader("x-gone")
	sluice.Request.AddCookie(sluice.Cookie{Name: "c", Value: "3=3"})
	sluice.Request.SetBody([]byte("new body"))
	guest.say("method", sluice.Request.Method())
	guest.say("host", sluice.Request.Host())
	guest.say("path", sluice.Request.Path())
	guest.say("query", sluice.Request.Query())
	guest.say("set", strings.Join(sluice.Request.AllHeader()["X-Set"], "|"))
	guest.say("gone", sluice.Request.Header("X-Gone"))
	guest.say("cookies", allCookies())
	guest.say("body", string(sluice.Request.Body()))
	sluice.Request.SetAllHeader(sluice.Header{"X-Whole": {"1", "2\r\nInjected: yes"}})
	guest.say("whole", strings.Join(sluice.Request.AllHeader()["X-Whole"], "|"))
}

func (guest *every) changeResponse() {
	guest.say("status", strconv.Itoa(sluice.Response.StatusCode()))
	sluice.Response.SetStatusCode(201)
	guest.say("status", strconv.Itoa(sluice.Response.StatusCode()))
	sluice.Response.SetHeader("X-R", "new")
	sluice.Response.AddHeader("X-R", "more")
	sluice.Response.SetHeader("X-Gone", "x")
	sluice.Response.DelHeader("X-Gone")
	guest.say("response", sluice.Response.Header("x-r"))
	guest.say("response", strings.Join(sluice.Response.AllHeader()["X-R"], "|"))
	sluice.Response.SetAllHeader(sluice.Header{"X-Whole": {"a", "b"}})
	cookie := sluice.Cookie{
		Name: "wasm", Value: "a=b", Path: "/shop", Domain: "example.com; x",
		Expires: "Thu, 01 Jan 1970 00:00:00 GMT", MaxAge: 3600,
		Secure: true, HTTPOnly: true, SameSite: sluice.SameSiteLax,
	}
	sluice.Response.SetCookie(cookie)
	again, parsed := sluice.ParseCookie(cookie.String())
	guest.sayOk("parsed", parsed)
	guest.say("setCookie", again.String())
	sluice.Response.SetBody([]byte("first"))
	guest.say("body", string(sluice.Response.Body()))
}

func (guest *every) shareData() {
	bytes := make([]byte, 256)
	for i := range bytes {
		bytes[i] = byte(i)
	}
	guest.say("count", strconv.Itoa(sluice.Cluster.CountKey("e/")))
	sluice.Cluster.PutBinary("e/b", bytes)
	guest.sayOk("binary", string(sluice.Cluster.GetBinary("e/b")) == string(bytes))
	guest.say("none", sluice.Cluster.GetString("e/none"))
	sluice.Cluster.PutString("e/zwölf", "时间 😀")
	guest.say("string", sluice.Cluster.GetString("e/zwölf"))
	sluice.Cluster.PutInteger("e/i", math.MinInt64)
	guest.say("integer", strconv.FormatInt(sluice.Cluster.GetInteger("e/i"), 10))
	sluice.Cluster.PutInteger("e/i", 40)
	guest.say("sum", strconv.FormatInt(sluice.Cluster.AddInteger("e/i", -3), 10))
	sluice.Cluster.PutFloat("e/f", 0.5)
	guest.sayOk("float", sluice.Cluster.GetFloat("e/f") == 0.5)
	guest.sayOk("floatSum", sluice.Cluster.AddFloat("e/f", 1.25) == 1.75)
	guest.say("count", strconv.Itoa(sluice.Cluster.CountKey("e/")))
	sluice.Cluster.Delete("e/f")
	sluice.Cluster.Delete("e/none")
	guest.say("count", strconv.Itoa(sluice.Cluster.CountKey("e/")))
}

func (guest *every) misbehave(mode string) {
	switch mode {
	case "loop":
		for {
		}
	case "recurse":
		guest.sayOk("depth", depth(1) > 0)
	case "grow":
		for {
			guest.kept = append(guest.kept, make([]byte, 1<<20))
		}
	case "sleep":
		time.Sleep(20 * time.Second)
	}
}

func depth(n int) int {
	if n == 0 {
		return 0
	}
	return depth(n+1) + n
}

func lookOutside(mode string) string {
	found := false
	switch mode {
	case "file":
		_, err := os.ReadFile("/etc/passwd")
		found = err == nil
	case "environment":
		found = len(os.Environ()) > 0
	case "socket":
		_, err := net.DialTimeout("tcp", "127.0.0.1:80", time.Second)
		found = err == nil
	}
	if found {
		return "there"
	}
	return "none"
}

func allCookies() string {
	var list []string
	for _, cookie := range sluice.Request.AllCookie() {
		list = append(list, cookie.Name+":"+cookie.Value)
	}
	return strings.Join(list, "|")
}

func init() {
	sluice.Register(func(sluice.Params) (sluice.Program, error) {
		p := sluice.Parameter
		return &every{
			parameters: []string{
				p.TextOr("greeting", "hello ü"),
				strconv.FormatInt(p.IntegerOr("amount", -7), 10),
				strconv.FormatBool(p.BooleanOr("open", true)),
				strconv.FormatInt(p.DurationOr("wait", "1m30s").Milliseconds(), 10),
				strconv.FormatInt(p.TimeOr("start", "2026-11-27 20:00 Europe/Berlin").UnixMilli(), 10),
			},
			ratio: p.NumberOr("ratio", 0.5),
		}, nil
	})
}

func main() {}
