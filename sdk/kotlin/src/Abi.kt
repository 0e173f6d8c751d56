// SPDX-License-Identifier: Apache-2.0
@file:OptIn(UnsafeWasmMemoryApi::class, ExperimentalWasmInterop::class)

package sluice

import kotlin.wasm.ExperimentalWasmInterop
import kotlin.wasm.WasmExport
import kotlin.wasm.unsafe.MemoryAllocator
import kotlin.wasm.unsafe.Pointer
import kotlin.wasm.unsafe.UnsafeWasmMemoryApi
import kotlin.wasm.unsafe.withScopedMemoryAllocator

// How values cross the border. Objects live in the heap of the collector, which the gateway does not
// see; blocks live in the linear memory, for the time of one call. A block is a length (32 bits,
// little-endian) and bytes. A string counts a final zero in its length, data has none. An array is a
// count and strings.

private const val LENGTH_BYTES = 4

// Blocks would begin at the address 0, which is none for the gateway.
internal const val UNUSED_BYTES = 8

// Of the call of the gateway in progress. The gateway asks for memory while it answers.
internal var blocks: MemoryAllocator? = null

internal inline fun <T> call(action: () -> T): T = withScopedMemoryAllocator {
    it.allocate(UNUSED_BYTES)
    blocks = it
    try {
        action()
    } finally {
        blocks = null
    }
}

private fun allocate(size: Int): Pointer = blocks!!.allocate(size)

// Outside of a call the gateway passes the parameters, which wasm_init reads before anything else.
@WasmExport("wasm_alloc")
fun wasmAlloc(size: Int): Int =
    if (blocks != null) allocate(size).address.toInt() else call { allocate(size).address.toInt() }

// Memory goes back when the call ends.
@Suppress("UNUSED_PARAMETER")
@WasmExport("wasm_free")
fun wasmFree(address: Int) {
}

// `size`: that of the block, at least that of the bytes.
private fun blockOf(bytes: ByteArray, size: Int): Pointer {
    val block = allocate(LENGTH_BYTES + size)
    block.storeInt(size)
    for (i in bytes.indices) (block + LENGTH_BYTES + i).storeByte(bytes[i])
    return block
}

internal fun dataBlock(bytes: ByteArray): Int = blockOf(bytes, bytes.size).address.toInt()

internal fun stringBlock(text: String): Int {
    val block = allocate(LENGTH_BYTES + text.length + 1)
    block.storeInt(text.length + 1)
    for (i in text.indices) {
        val unit = text[i].code
        if (unit >= 0x80) return encodedBlock(encode(text))
        (block + LENGTH_BYTES + i).storeByte(unit.toByte())
    }
    (block + LENGTH_BYTES + text.length).storeByte(0)
    return block.address.toInt()
}

private fun encodedBlock(bytes: ByteArray): Int {
    val block = blockOf(bytes, bytes.size + 1)
    (block + LENGTH_BYTES + bytes.size).storeByte(0)
    return block.address.toInt()
}

internal fun takeData(address: Int): ByteArray {
    val block = Pointer(address.toUInt())
    return ByteArray(block.loadInt()) { (block + LENGTH_BYTES + it).loadByte() }
}

internal fun takeString(address: Int): String {
    val block = Pointer(address.toUInt())
    val size = block.loadInt() - 1
    val chars = CharArray(size)
    for (i in 0 until size) {
        val byte = (block + LENGTH_BYTES + i).loadByte()
        if (byte < 0) return decode(ByteArray(size) { (block + LENGTH_BYTES + it).loadByte() })
        chars[i] = byte.toInt().toChar()
    }
    return chars.concatToString()
}

internal fun takeArray(address: Int): List<String> {
    var next = address + LENGTH_BYTES
    return List(Pointer(address.toUInt()).loadInt()) {
        val text = takeString(next)
        next += LENGTH_BYTES + Pointer(next.toUInt()).loadInt()
        text
    }
}
