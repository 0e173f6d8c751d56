// SPDX-License-Identifier: Apache-2.0
package sluice

// A byte that is not UTF-8 becomes the lone surrogate U+DC00 + byte, and goes back as it was.
private const val STRAY = 0xDC00

/** The bytes of a text, as the gateway sees them. */
fun encode(text: String): ByteArray {
    val out = Bytes(text.length + text.length / 2 + 4)
    var at = 0
    while (at < text.length) {
        val unit = text[at++]
        val paired = unit.isHighSurrogate() && at < text.length && text[at].isLowSurrogate()
        val point = if (paired) 0x10000 + ((unit.code - 0xD800) shl 10) + (text[at++].code - 0xDC00) else unit.code
        if (point in STRAY + 0x80..STRAY + 0xFF) out.add(point - STRAY) else out.addPoint(point)
    }
    return out.bytes()
}

/** The text of bytes that need not be UTF-8. */
fun decode(bytes: ByteArray): String {
    val out = StringBuilder(bytes.size)
    var at = 0
    while (at < bytes.size) {
        val size = sizeAt(bytes, at)
        if (size == 0) {
            out.append((STRAY + (bytes[at++].toInt() and 0xFF)).toChar())
        } else {
            out.addPoint(pointAt(bytes, at, size))
            at += size
        }
    }
    return out.toString()
}

// 0: no character begins here. The bounds leave out surrogates, and forms that are too long.
private fun sizeAt(bytes: ByteArray, at: Int): Int {
    val first = bytes[at].toInt() and 0xFF
    val size = when (first) {
        in 0..0x7F -> return 1
        in 0xC2..0xDF -> 2
        in 0xE0..0xEF -> 3
        in 0xF0..0xF4 -> 4
        else -> return 0
    }
    if (at + size > bytes.size) return 0
    for (i in 1 until size) if (bytes[at + i].toInt() and 0xC0 != 0x80) return 0
    val second = bytes[at + 1].toInt() and 0xFF
    val fits = when (first) {
        0xE0 -> second >= 0xA0
        0xED -> second <= 0x9F
        0xF0 -> second >= 0x90
        0xF4 -> second <= 0x8F
        else -> true
    }
    return if (fits) size else 0
}

private fun pointAt(bytes: ByteArray, at: Int, size: Int): Int {
    var point = bytes[at].toInt() and if (size == 1) 0x7F else 0xFF shr (size + 1)
    for (i in 1 until size) point = (point shl 6) or (bytes[at + i].toInt() and 0x3F)
    return point
}

private fun StringBuilder.addPoint(point: Int) {
    if (point < 0x10000) {
        append(point.toChar())
    } else {
        append((0xD800 + ((point - 0x10000) shr 10)).toChar())
        append((0xDC00 + ((point - 0x10000) and 0x3FF)).toChar())
    }
}

private class Bytes(capacity: Int) {
    private var held = ByteArray(capacity)
    private var size = 0

    fun add(byte: Int) {
        if (size == held.size) held = held.copyOf(2 * size)
        held[size++] = byte.toByte()
    }

    fun addPoint(point: Int) {
        val more = if (point < 0x80) 0 else if (point < 0x800) 1 else if (point < 0x10000) 2 else 3
        add(if (more == 0) point else ((0xFF00 shr (more + 1)) and 0xFF) or (point shr (6 * more)))
        for (i in more - 1 downTo 0) add(0x80 or ((point shr (6 * i)) and 0x3F))
    }

    fun bytes(): ByteArray = held.copyOf(size)
}
