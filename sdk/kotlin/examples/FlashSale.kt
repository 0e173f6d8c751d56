// SPDX-License-Identifier: Apache-2.0

// The flash sale of the cookbook.
import sluice.Cluster
import sluice.NEXT
import sluice.Parameter
import sluice.Program
import sluice.Request
import sluice.Response
import sluice.now
import sluice.rand
import sluice.register

class FlashSale : Program {
    private val start = Parameter.time("startTime")
    private val blockRatio = Parameter.number("blockRatio", 0.0)
    private val maxPermission = Parameter.integer("maxPermission")

    override fun run(): Int {
        if (now() < start) {
            Response.setBody("not start yet.\n")
            return 1
        }
        val user = Request.header("Authorization")
        if (user == "") return 3 // without a name, all visitors would be one user
        val key = "id/" + user
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

fun main() = register { FlashSale() }
