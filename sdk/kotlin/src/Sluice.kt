// SPDX-License-Identifier: Apache-2.0
@file:OptIn(ExperimentalWasmInterop::class)

package sluice

import kotlin.wasm.ExperimentalWasmInterop
import kotlin.wasm.WasmExport

// For programs of the WasmHost filter of the Sluice gateway.
//
// Strings are texts. A byte from a client that is not UTF-8 becomes a lone surrogate, and goes back as
// it was: two different names are two different keys.

/** The parameters in the configuration of the filter. */
typealias Params = Map<String, String>

/** Lets the next filter of the pipeline run. */
const val NEXT = 0

/** Handles requests, one at a time. */
fun interface Program {
    /**
     * Handles one request. [NEXT] lets the pipeline go on, 1 to 9 are wasmResult1 to wasmResult9. It is
     * one transaction: a run that conflicts with another one is undone and executed again. Fields of the
     * program keep what the first execution left in them.
     */
    fun run(): Int
}

private var makeProgram: ((Params) -> Program)? = null
private var program: Program? = null

/** Names the function that makes the program of an instance. Call it in main. */
fun register(make: (Params) -> Program) {
    makeProgram = make
}

/** Logs the reason and ends the run with wasmError. Nothing that the run did remains. */
fun fail(reason: String): Nothing {
    Log.error(reason)
    exit(1)
    throw IllegalStateException(reason)
}

/** The log of the gateway. */
object Log {
    fun debug(message: String) = write(0, message)
    fun info(message: String) = write(1, message)
    fun warn(message: String) = write(2, message)
    fun error(message: String) = write(3, message)

    private fun write(level: Int, message: String) = call { hostLog(level, stringBlock(message)) }
}

/** Adds a tag to the line of the request in the access log. */
fun addTag(tag: String) = call { hostAddTag(stringBlock(tag)) }

/** A random number, at least 0 and less than 1. */
fun rand(): Double = hostRand()

/** The time of the gateway: milliseconds since 1970. */
fun now(): Long = hostGetUnixTimeInMs()

/**
 * Milliseconds since 1970 of a text such as 2026-11-27T20:00:00+01:00 or 2026-11-27 20:00 Europe/Berlin.
 * [zone] is the name of the zone of a text that has none; "" is UTC, of which the gateway warns in its
 * log. Any other text ends the run.
 */
fun parseDate(text: String, zone: String): Long = call { hostParseDate(stringBlock(text), stringBlock(zone)) }

private inline fun <T> guarded(action: () -> T): T =
    try {
        action()
    } catch (error: Throwable) {
        fail(error.toString())
    }

@WasmExport("wasm_init")
fun wasmInit(address: Int) {
    // Before anything else is put into the linear memory.
    val texts = takeArray(address)
    guarded {
        val make = makeProgram ?: fail("no program: main has not called register")
        program = make(texts.chunked(2).associate { (name, value) -> name to value })
    }
}

@WasmExport("wasm_run")
fun wasmRun(): Int = guarded { program!!.run() }
