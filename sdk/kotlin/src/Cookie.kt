// SPDX-License-Identifier: Apache-2.0
package sluice

/** The attribute of that name. */
enum class SameSite(internal val text: String) { UNSET(""), LAX("Lax"), STRICT("Strict"), NONE("None") }

/** A cookie of a Cookie header (name and value only) or of a Set-Cookie header. */
class Cookie(
    val name: String,
    val value: String,
    var path: String = "",
    var domain: String = "",
    var expires: String = "",
    /** Seconds; 0: no attribute, negative: delete now. */
    var maxAge: Int = 0,
    var secure: Boolean = false,
    var httpOnly: Boolean = false,
    var sameSite: SameSite = SameSite.UNSET,
) {
    /** The text of a Set-Cookie header. What would end a value early is left out of it. */
    override fun toString(): String = buildString {
        append(pair())
        attribute("Path", path)
        attribute("Domain", domain)
        attribute("Expires", expires)
        if (maxAge != 0) attribute("Max-Age", maxOf(maxAge, 0).toString())
        if (secure) append("; Secure")
        if (httpOnly) append("; HttpOnly")
        attribute("SameSite", sameSite.text)
    }

    internal fun pair(): String {
        require(name.isNotEmpty() && name.all(::isTokenChar)) { "cookie: not a name" }
        return name + "=" + clean(value)
    }

    private fun set(name: String, value: String) {
        when (name) {
            "path" -> path = value
            "domain" -> domain = value
            "expires" -> expires = value
            "max-age" -> value.toLongOrNull()?.let { maxAge = if (it > 0) it.coerceAtMost(MOST).toInt() else -1 }
            "secure" -> secure = true
            "httponly" -> httpOnly = true
            "samesite" -> sameSite = SameSite.entries.find { it.text.equals(value, ignoreCase = true) } ?: SameSite.UNSET
        }
    }

    companion object {
        private const val MOST = Int.MAX_VALUE.toLong()

        /** Reads a pair of a Cookie header or a whole Set-Cookie header. Null: it is none. */
        fun parse(text: String): Cookie? {
            val parts = text.split(';')
            val name = parts[0].substringBefore('=').trim()
            if ('=' !in parts[0] || name.isEmpty()) return null
            val cookie = Cookie(name, parts[0].substringAfter('=').trim())
            for (part in parts.drop(1)) {
                cookie.set(part.substringBefore('=').trim().lowercase(), part.substringAfter('=', "").trim())
            }
            return cookie
        }
    }
}

private fun StringBuilder.attribute(name: String, value: String) {
    if (value.isNotEmpty()) append("; ").append(name).append('=').append(clean(value))
}

private fun clean(value: String) = value.filter { it >= ' ' && it != ';' && it != '\u007f' }

private fun isTokenChar(char: Char) = char > ' ' && char < '\u007f' && char !in "()<>@,;:\\\"/[]?={}"
