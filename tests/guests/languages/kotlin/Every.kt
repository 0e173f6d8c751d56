// SPDX-License-Identifier: Apache-2.0

// Does what X-Mode says; see README.md in the folder above.
import sluice.Cluster
import sluice.Cookie
import sluice.Log
import sluice.NEXT
import sluice.Parameter
import sluice.Program
import sluice.Request
import sluice.Response
import sluice.SameSite
import sluice.addTag
import sluice.decode
import sluice.now
import sluice.parseDate
import sluice.rand
import sluice.register

class Every : Program {
    private val out = StringBuilder()
    private val kept = ArrayList<Any>()
    private val parameters =
        listOf(
            Parameter.text("greeting", "hello ü"),
            Parameter.integer("amount", -7),
            Parameter.boolean("open", true),
            Parameter.duration("wait", "1m30s"),
            Parameter.time("start", "2026-11-27 20:00 Europe/Berlin"),
        )
    private val ratio = Parameter.number("ratio", 0.5)

    override fun run(): Int {
        out.clear()
        val mode = Request.header("X-Mode")
        val key = Request.header("X-Key")
        when (mode) {
            "every" -> every()
            "put" -> {
                Cluster.putString(key, Request.header("X-Value"))
                Response.setBody(key)
            }
            "get" -> Response.setBody(Cluster.getString(key))
            "exception" -> throw IllegalStateException("thrown by every")
            "loop" -> while (true) kept.clear()
            "recurse" -> say("depth", depth(1))
            "grow" -> while (true) kept.add(ByteArray(1 shl 20))
            "chain" -> grow()
            "garbage" -> while (true) Pair(kept, kept)
            else -> Response.setBody("none")
        }
        return NEXT
    }

    private fun say(name: String, value: Any) {
        out.append(name).append('=').append(value).append('\n')
    }

    private fun sayOk(name: String, ok: Boolean) = say(name, if (ok) "ok" else "wrong")

    private fun grow() {
        var chain: Pair<Any?, Int> = Pair(null, 0)
        while (true) chain = Pair(chain, 1)
    }

    private fun every() {
        readRequest()
        changeRequest()
        changeResponse()
        shareData()
        addTag("tag é")
        Log.debug("every debug")
        Log.info("every info")
        Log.warn("every warning")
        Log.error("every error")
        sayOk("now", now() > 1_600_000_000_000)
        val number = rand()
        sayOk("rand", number >= 0 && number < 1)
        say("date", parseDate("2026-11-27 20:00", "Europe/Berlin"))
        say("parameters", parameters.joinToString("|"))
        sayOk("number", ratio == 0.5)
        Response.setBody(out.toString())
    }

    private fun readRequest() {
        say("realIp", Request.realIp)
        say("scheme", Request.scheme)
        say("proto", Request.proto)
        say("method", Request.method)
        say("host", Request.host)
        say("path", Request.path)
        say("escapedPath", Request.escapedPath)
        say("query", Request.query)
        say("fragment", Request.fragment)
        say("user", Request.header("x-user"))
        say("missing", Request.header("X-Missing"))
        say("many", Request.allHeader()["X-Many"]!!.joinToString("|"))
        say("cookie", Request.cookie("a")!!.let { it.name + ":" + it.value })
        sayOk("noCookie", Request.cookie("z") == null)
        say("cookies", allCookies())
        say("body", decode(Request.body))
    }

    private fun changeRequest() {
        Request.method = "PUT"
        Request.host = "probe.example:8080"
        Request.path = "/n w/ü"
        Request.query = "r=%20"
        Request.setHeader("X-Set", "old")
        Request.setHeader("X-Set", "new")
        Request.addHeader("X-Set", "more")
        Request.setHeader("X-Gone", "x")
        Request.delHeader("x-gone")
        Request.addCookie(Cookie("c", "3=3"))
        Request.body = "new body".encodeToByteArray()
        say("method", Request.method)
        say("host", Request.host)
        say("path", Request.path)
        say("query", Request.query)
        say("set", Request.allHeader()["X-Set"]!!.joinToString("|"))
        say("gone", Request.header("X-Gone"))
        say("cookies", allCookies())
        say("body", decode(Request.body))
        Request.setAllHeader(mapOf("X-Whole" to listOf("1", "2\r\nInjected: yes")))
        say("whole", Request.allHeader()["X-Whole"]!!.joinToString("|"))
    }

    private fun changeResponse() {
        say("status", Response.statusCode)
        Response.statusCode = 201
        say("status", Response.statusCode)
        Response.setHeader("X-R", "new")
        Response.addHeader("X-R", "more")
        Response.setHeader("X-Gone", "x")
        Response.delHeader("X-Gone")
        say("response", Response.header("x-r"))
        say("response", Response.allHeader()["X-R"]!!.joinToString("|"))
        Response.setAllHeader(mapOf("X-Whole" to listOf("a", "b")))
        val cookie = Cookie(
            "wasm", "a=b", path = "/shop", domain = "example.com; x", expires = "Thu, 01 Jan 1970 00:00:00 GMT",
            maxAge = 3600, secure = true, httpOnly = true, sameSite = SameSite.LAX,
        )
        Response.setCookie(cookie)
        val again = Cookie.parse(cookie.toString())
        sayOk("parsed", again != null)
        say("setCookie", again.toString())
        Response.setBody("first")
        say("body", decode(Response.body))
    }

    private fun shareData() {
        val bytes = ByteArray(256) { it.toByte() }
        say("count", Cluster.countKey("e/"))
        Cluster.putBinary("e/b", bytes)
        sayOk("binary", Cluster.getBinary("e/b").contentEquals(bytes))
        say("none", Cluster.getString("e/none"))
        Cluster.putString("e/zwölf", "时间 😀")
        say("string", Cluster.getString("e/zwölf"))
        Cluster.putInteger("e/i", Long.MIN_VALUE)
        say("integer", Cluster.getInteger("e/i"))
        Cluster.putInteger("e/i", 40)
        say("sum", Cluster.addInteger("e/i", -3))
        Cluster.putFloat("e/f", 0.5)
        sayOk("float", Cluster.getFloat("e/f") == 0.5)
        sayOk("floatSum", Cluster.addFloat("e/f", 1.25) == 1.75)
        say("count", Cluster.countKey("e/"))
        Cluster.delete("e/f")
        Cluster.delete("e/none")
        say("count", Cluster.countKey("e/"))
    }

    private fun allCookies() = Request.allCookie().joinToString("|") { it.name + ":" + it.value }
}

private fun depth(n: Int): Int = if (n == 0) 0 else depth(n + 1) + n

fun main() = register { Every() }
