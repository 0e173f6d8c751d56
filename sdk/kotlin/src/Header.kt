// SPDX-License-Identifier: Apache-2.0
package sluice

/** Canonical names, such as X-Real-Ip, and their values in order. */
typealias Header = Map<String, List<String>>

internal fun parseHeader(text: String): Header {
    val all = LinkedHashMap<String, ArrayList<String>>()
    for (line in text.split('\n')) {
        val colon = line.indexOf(':')
        if (colon < 0) continue
        val name = line.substring(0, colon).trim(' ', '\t', '\r')
        all.getOrPut(name) { ArrayList() }.add(line.substring(colon + 1).trim(' ', '\t', '\r'))
    }
    return all
}

// A line break in a value becomes a blank, so that it is no header of its own.
internal fun lines(all: Header): String = buildString {
    for ((name, values) in all) {
        require(name.none { it == '\r' || it == '\n' || it == ':' }) { "setAllHeader: not the name of a header" }
        for (value in values) append(name).append(": ").append(withoutBreaks(value)).append("\r\n")
    }
}

private fun withoutBreaks(value: String) = value.replace('\r', ' ').replace('\n', ' ')
