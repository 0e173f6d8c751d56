// SPDX-License-Identifier: Apache-2.0
package sluice

/**
 * Data that all instances share, on all members. Each filter has keys of its own.
 *
 * A run is one serializable transaction: it sees one state and its own writes, and what it writes counts
 * when it returns, as a whole or not at all.
 */
object Cluster {
    /** The bytes, none if there is no such key. */
    fun getBinary(key: String): ByteArray = call { takeData(hostClusterGetBinary(stringBlock(key))) }

    /** Stores bytes. */
    fun putBinary(key: String, value: ByteArray) = call { hostClusterPutBinary(stringBlock(key), dataBlock(value)) }

    /** The value, empty if there is none. */
    fun getString(key: String): String = call { takeString(hostClusterGetString(stringBlock(key))) }

    /** Stores a text. */
    fun putString(key: String, value: String) = call { hostClusterPutString(stringBlock(key), stringBlock(value)) }

    /** The value, 0 if there is none or it is no integer. */
    fun getInteger(key: String): Long = call { hostClusterGetInteger(stringBlock(key)) }

    /** Stores an integer. */
    fun putInteger(key: String, value: Long) = call { hostClusterPutInteger(stringBlock(key), value) }

    /** Adds, and returns the sum. */
    fun addInteger(key: String, value: Long): Long = call { hostClusterAddInteger(stringBlock(key), value) }

    /** The value, 0 if there is none or it is no number. */
    fun getFloat(key: String): Double = call { hostClusterGetFloat(stringBlock(key)) }

    /** Stores a number. */
    fun putFloat(key: String, value: Double) = call { hostClusterPutFloat(stringBlock(key), value) }

    /** Adds, and returns the sum. */
    fun addFloat(key: String, value: Double): Double = call { hostClusterAddFloat(stringBlock(key), value) }

    /** Removes the key, if it is there. */
    fun delete(key: String) = call { hostClusterDelete(stringBlock(key)) }

    /** The number of keys that begin with the prefix. */
    fun countKey(prefix: String): Int = call { hostClusterCountKey(stringBlock(prefix)) }
}
