// SPDX-License-Identifier: Apache-2.0
package sluice

/** The request that the filter is working on. Absent values are empty. */
object Request {
    /** The address of the client, behind trusted proxies, too. */
    val realIp: String get() = call { takeString(hostReqGetRealIp()) }

    /** http or https. */
    val scheme: String get() = call { takeString(hostReqGetScheme()) }

    /** The protocol, such as HTTP/1.1. */
    val proto: String get() = call { takeString(hostReqGetProto()) }

    var method: String
        get() = call { takeString(hostReqGetMethod()) }
        set(value) = call { hostReqSetMethod(stringBlock(value)) }

    /** The Host header, with the port if there is one. */
    var host: String
        get() = call { takeString(hostReqGetHost()) }
        set(value) = call { hostReqSetHost(stringBlock(value)) }

    /** The path, decoded. */
    var path: String
        get() = call { takeString(hostReqGetPath()) }
        set(value) = call { hostReqSetPath(stringBlock(value)) }

    /** The path with its escapes. */
    val escapedPath: String get() = call { takeString(hostReqGetEscapedPath()) }

    /** The query without the question mark. */
    var query: String
        get() = call { takeString(hostReqGetQuery()) }
        set(value) = call { hostReqSetQuery(stringBlock(value)) }

    /** Empty as a rule: clients do not send it. */
    val fragment: String get() = call { takeString(hostReqGetFragment()) }

    /** The body. The run fails if the server streams it. */
    var body: ByteArray
        get() = call { takeData(hostReqGetBody()) }
        set(value) = call { hostReqSetBody(dataBlock(value)) }

    /** The first value of the header, in any case of its name. */
    fun header(name: String): String = call { takeString(hostReqGetHeader(stringBlock(name))) }

    /** All headers but Host. */
    fun allHeader(): Header = parseHeader(call { takeString(hostReqGetAllHeader()) })

    /** Replaces all headers. A line break in a value becomes a blank. */
    fun setAllHeader(all: Header) = call { hostReqSetAllHeader(stringBlock(lines(all))) }

    /** Replaces all values of the header by this one. */
    fun setHeader(name: String, value: String) = call { hostReqSetHeader(stringBlock(name), stringBlock(value)) }

    /** Adds a value to the header. */
    fun addHeader(name: String, value: String) = call { hostReqAddHeader(stringBlock(name), stringBlock(value)) }

    /** Removes all values of the header. */
    fun delHeader(name: String) = call { hostReqDelHeader(stringBlock(name)) }

    /** The cookie of this name, null if there is none. */
    fun cookie(name: String): Cookie? = Cookie.parse(call { takeString(hostReqGetCookie(stringBlock(name))) })

    /** All cookies. */
    fun allCookie(): List<Cookie> = call { takeArray(hostReqGetAllCookie()) }.mapNotNull(Cookie::parse)

    /** Adds a cookie, of which the request carries name and value only. */
    fun addCookie(cookie: Cookie) = call { hostReqAddCookie(stringBlock(cookie.pair())) }
}
