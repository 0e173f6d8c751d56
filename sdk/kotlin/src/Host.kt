// SPDX-License-Identifier: Apache-2.0
@file:OptIn(ExperimentalWasmInterop::class)

package sluice

import kotlin.wasm.ExperimentalWasmInterop
import kotlin.wasm.WasmImport

// The functions of the gateway, as the module imports them. Addresses point at blocks: see Abi.kt.

@WasmImport("easegress", "host_req_get_real_ip")
internal external fun hostReqGetRealIp(): Int

@WasmImport("easegress", "host_req_get_scheme")
internal external fun hostReqGetScheme(): Int

@WasmImport("easegress", "host_req_get_proto")
internal external fun hostReqGetProto(): Int

@WasmImport("easegress", "host_req_get_method")
internal external fun hostReqGetMethod(): Int

@WasmImport("easegress", "host_req_set_method")
internal external fun hostReqSetMethod(a: Int)

@WasmImport("easegress", "host_req_get_host")
internal external fun hostReqGetHost(): Int

@WasmImport("easegress", "host_req_set_host")
internal external fun hostReqSetHost(a: Int)

@WasmImport("easegress", "host_req_get_path")
internal external fun hostReqGetPath(): Int

@WasmImport("easegress", "host_req_set_path")
internal external fun hostReqSetPath(a: Int)

@WasmImport("easegress", "host_req_get_escaped_path")
internal external fun hostReqGetEscapedPath(): Int

@WasmImport("easegress", "host_req_get_query")
internal external fun hostReqGetQuery(): Int

@WasmImport("easegress", "host_req_set_query")
internal external fun hostReqSetQuery(a: Int)

@WasmImport("easegress", "host_req_get_fragment")
internal external fun hostReqGetFragment(): Int

@WasmImport("easegress", "host_req_get_header")
internal external fun hostReqGetHeader(a: Int): Int

@WasmImport("easegress", "host_req_get_all_header")
internal external fun hostReqGetAllHeader(): Int

@WasmImport("easegress", "host_req_set_all_header")
internal external fun hostReqSetAllHeader(a: Int)

@WasmImport("easegress", "host_req_set_header")
internal external fun hostReqSetHeader(a: Int, b: Int)

@WasmImport("easegress", "host_req_add_header")
internal external fun hostReqAddHeader(a: Int, b: Int)

@WasmImport("easegress", "host_req_del_header")
internal external fun hostReqDelHeader(a: Int)

@WasmImport("easegress", "host_req_get_cookie")
internal external fun hostReqGetCookie(a: Int): Int

@WasmImport("easegress", "host_req_get_all_cookie")
internal external fun hostReqGetAllCookie(): Int

@WasmImport("easegress", "host_req_add_cookie")
internal external fun hostReqAddCookie(a: Int)

@WasmImport("easegress", "host_req_get_body")
internal external fun hostReqGetBody(): Int

@WasmImport("easegress", "host_req_set_body")
internal external fun hostReqSetBody(a: Int)

@WasmImport("easegress", "host_resp_get_status_code")
internal external fun hostRespGetStatusCode(): Int

@WasmImport("easegress", "host_resp_set_status_code")
internal external fun hostRespSetStatusCode(a: Int)

@WasmImport("easegress", "host_resp_get_header")
internal external fun hostRespGetHeader(a: Int): Int

@WasmImport("easegress", "host_resp_get_all_header")
internal external fun hostRespGetAllHeader(): Int

@WasmImport("easegress", "host_resp_set_header")
internal external fun hostRespSetHeader(a: Int, b: Int)

@WasmImport("easegress", "host_resp_set_all_header")
internal external fun hostRespSetAllHeader(a: Int)

@WasmImport("easegress", "host_resp_add_header")
internal external fun hostRespAddHeader(a: Int, b: Int)

@WasmImport("easegress", "host_resp_del_header")
internal external fun hostRespDelHeader(a: Int)

@WasmImport("easegress", "host_resp_set_cookie")
internal external fun hostRespSetCookie(a: Int)

@WasmImport("easegress", "host_resp_get_body")
internal external fun hostRespGetBody(): Int

@WasmImport("easegress", "host_resp_set_body")
internal external fun hostRespSetBody(a: Int)

@WasmImport("easegress", "host_cluster_get_binary")
internal external fun hostClusterGetBinary(a: Int): Int

@WasmImport("easegress", "host_cluster_put_binary")
internal external fun hostClusterPutBinary(a: Int, b: Int)

@WasmImport("easegress", "host_cluster_get_string")
internal external fun hostClusterGetString(a: Int): Int

@WasmImport("easegress", "host_cluster_put_string")
internal external fun hostClusterPutString(a: Int, b: Int)

@WasmImport("easegress", "host_cluster_get_integer")
internal external fun hostClusterGetInteger(a: Int): Long

@WasmImport("easegress", "host_cluster_put_integer")
internal external fun hostClusterPutInteger(a: Int, b: Long)

@WasmImport("easegress", "host_cluster_add_integer")
internal external fun hostClusterAddInteger(a: Int, b: Long): Long

@WasmImport("easegress", "host_cluster_get_float")
internal external fun hostClusterGetFloat(a: Int): Double

@WasmImport("easegress", "host_cluster_put_float")
internal external fun hostClusterPutFloat(a: Int, b: Double)

@WasmImport("easegress", "host_cluster_add_float")
internal external fun hostClusterAddFloat(a: Int, b: Double): Double

@WasmImport("easegress", "host_cluster_delete")
internal external fun hostClusterDelete(a: Int)

@WasmImport("easegress", "host_cluster_count_key")
internal external fun hostClusterCountKey(a: Int): Int

@WasmImport("easegress", "host_add_tag")
internal external fun hostAddTag(a: Int)

@WasmImport("easegress", "host_log")
internal external fun hostLog(a: Int, b: Int)

@WasmImport("easegress", "host_get_unix_time_in_ms")
internal external fun hostGetUnixTimeInMs(): Long

@WasmImport("easegress", "host_rand")
internal external fun hostRand(): Double

@WasmImport("easegress", "host_parse_date")
internal external fun hostParseDate(a: Int, b: Int): Long

@WasmImport("easegress", "host_parameter")
internal external fun hostParameter(a: Int, b: Int): Int

@WasmImport("easegress", "host_parameter_or")
internal external fun hostParameterOr(a: Int, b: Int, c: Int): Int

@WasmImport("wasi_snapshot_preview1", "proc_exit")
internal external fun exit(status: Int)
