// SPDX-License-Identifier: Apache-2.0
package sluice

/** The response. Before another filter has made one, it is empty and has the status 200. */
object Response {
    /** 100 to 599. */
    var statusCode: Int
        get() = hostRespGetStatusCode()
        set(value) = hostRespSetStatusCode(value)

    /** The body. The run fails if it is streamed from the backend. */
    var body: ByteArray
        get() = call { takeData(hostRespGetBody()) }
        set(value) = call { hostRespSetBody(dataBlock(value)) }

    /** Sets the body to a text. */
    fun setBody(text: String) {
        body = encode(text)
    }

    /** The first value of the header, in any case of its name. */
    fun header(name: String): String = call { takeString(hostRespGetHeader(stringBlock(name))) }

    /** All headers. */
    fun allHeader(): Header = parseHeader(call { takeString(hostRespGetAllHeader()) })

    /** Replaces all headers. A line break in a value becomes a blank. */
    fun setAllHeader(all: Header) = call { hostRespSetAllHeader(stringBlock(lines(all))) }

    /** Replaces all values of the header by this one. */
    fun setHeader(name: String, value: String) = call { hostRespSetHeader(stringBlock(name), stringBlock(value)) }

    /** Adds a value to the header. */
    fun addHeader(name: String, value: String) = call { hostRespAddHeader(stringBlock(name), stringBlock(value)) }

    /** Removes all values of the header. */
    fun delHeader(name: String) = call { hostRespDelHeader(stringBlock(name)) }

    /** Adds a Set-Cookie header. */
    fun setCookie(cookie: Cookie) = call { hostRespSetCookie(stringBlock(cookie.toString())) }
}
