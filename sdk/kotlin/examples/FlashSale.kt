// SPDX-License-Identifier: Apache-2.0

// The flash sale of the cookbook.
import kotlin.time.ExperimentalTime
import kotlin.time.Instant
import sluice.Cluster
import sluice.NEXT
import sluice.Params
import sluice.Program
import sluice.Request
import sluice.Response
import sluice.now
import sluice.rand
import sluice.register

@OptIn(ExperimentalTime::class)
class FlashSale(params: Params) : Program {
    private val start = Instant.parse(params.getValue("startTime")).toEpochMilliseconds()
    private val blockRatio = params.getValue("blockRatio").toDouble()
    private val maxPermission = params.getValue("maxPermission").toInt()

    override fun run(): Int {
        if (now() < start) {
            Response.setBody("not start yet.\n")
            return 1
        }
        val key = "id/" + Request.header("Authorization")
        if (Cluster.getString(key) == "true") return NEXT
        // Counting and putting are one transaction: never one too many.
        if (Cluster.countKey("id/") < maxPermission && rand() > blockRatio) {
            Cluster.putString(key, "true")
            return NEXT
        }
        Response.setBody("sold out.\n")
        return 2
    }
}

fun main() = register(::FlashSale)
