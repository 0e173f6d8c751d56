// SPDX-License-Identifier: Apache-2.0
package sluice

/**
 * The parameters of the filter, by name and type. Call these functions where the program is made.
 *
 * A value that is none of the type, a missing one and, once there is one call, a parameter that nobody
 * asks for are refused with their name when the filter is applied. `otherwise` is the value of one that
 * is not given.
 */
object Parameter {
    fun text(name: String, otherwise: String? = null): String = ask(name, "text", otherwise)

    fun integer(name: String, otherwise: Long? = null): Long = ask(name, "integer", otherwise).toLong()

    fun number(name: String, otherwise: Double? = null): Double = ask(name, "number", otherwise).toDouble()

    fun boolean(name: String, otherwise: Boolean? = null): Boolean = ask(name, "boolean", otherwise) == "true"

    /** Milliseconds, of a text such as 1m30s. */
    fun duration(name: String, otherwise: String? = null): Long = ask(name, "duration", otherwise).toLong()

    /** Milliseconds since 1970, of a text such as 2026-11-27 20:00 Europe/Berlin. */
    fun time(name: String, otherwise: String? = null): Long = ask(name, "time", otherwise).toLong()

    private fun ask(name: String, type: String, otherwise: Any?): String = call {
        val first = stringBlock(name)
        val second = stringBlock(type)
        val given = if (otherwise == null) 0 else stringBlock(otherwise.toString())
        takeString(if (otherwise == null) hostParameter(first, second) else hostParameterOr(first, second, given))
    }
}
