// SPDX-License-Identifier: Apache-2.0

package sluice

import "unsafe"

// The functions of the gateway, as the module imports them. Addresses point at blocks: see abi.go.

//go:wasmimport easegress host_req_get_real_ip
func hostReqGetRealIp() uint32

//go:wasmimport easegress host_req_get_scheme
func hostReqGetScheme() uint32

//go:wasmimport easegress host_req_get_proto
func hostReqGetProto() uint32

//go:wasmimport easegress host_req_get_method
func hostReqGetMethod() uint32

//go:wasmimport easegress host_req_set_method
func hostReqSetMethod(a unsafe.Pointer)

//go:wasmimport easegress host_req_get_host
func hostReqGetHost() uint32

//go:wasmimport easegress host_req_set_host
func hostReqSetHost(a unsafe.Pointer)

//go:wasmimport easegress host_req_get_path
func hostReqGetPath() uint32

//go:wasmimport easegress host_req_set_path
func hostReqSetPath(a unsafe.Pointer)

//go:wasmimport easegress host_req_get_escaped_path
func hostReqGetEscapedPath() uint32

//go:wasmimport easegress host_req_get_query
func hostReqGetQuery() uint32

//go:wasmimport easegress host_req_set_query
func hostReqSetQuery(a unsafe.Pointer)

//go:wasmimport easegress host_req_get_fragment
func hostReqGetFragment() uint32

//go:wasmimport easegress host_req_get_header
func hostReqGetHeader(a unsafe.Pointer) uint32

//go:wasmimport easegress host_req_get_all_header
func hostReqGetAllHeader() uint32

//go:wasmimport easegress host_req_set_all_header
func hostReqSetAllHeader(a unsafe.Pointer)

//go:wasmimport easegress host_req_set_header
func hostReqSetHeader(a unsafe.Pointer, b unsafe.Pointer)

//go:wasmimport easegress host_req_add_header
func hostReqAddHeader(a unsafe.Pointer, b unsafe.Pointer)

//go:wasmimport easegress host_req_del_header
func hostReqDelHeader(a unsafe.Pointer)

//go:wasmimport easegress host_req_get_cookie
func hostReqGetCookie(a unsafe.Pointer) uint32

//go:wasmimport easegress host_req_get_all_cookie
func hostReqGetAllCookie() uint32

//go:wasmimport easegress host_req_add_cookie
func hostReqAddCookie(a unsafe.Pointer)

//go:wasmimport easegress host_req_get_body
func hostReqGetBody() uint32

//go:wasmimport easegress host_req_set_body
func hostReqSetBody(a unsafe.Pointer)

//go:wasmimport easegress host_resp_get_status_code
func hostRespGetStatusCode() int32

//go:wasmimport easegress host_resp_set_status_code
func hostRespSetStatusCode(a int32)

//go:wasmimport easegress host_resp_get_header
func hostRespGetHeader(a unsafe.Pointer) uint32

//go:wasmimport easegress host_resp_get_all_header
func hostRespGetAllHeader() uint32

//go:wasmimport easegress host_resp_set_header
func hostRespSetHeader(a unsafe.Pointer, b unsafe.Pointer)

//go:wasmimport easegress host_resp_set_all_header
func hostRespSetAllHeader(a unsafe.Pointer)

//go:wasmimport easegress host_resp_add_header
func hostRespAddHeader(a unsafe.Pointer, b unsafe.Pointer)

//go:wasmimport easegress host_resp_del_header
func hostRespDelHeader(a unsafe.Pointer)

//go:wasmimport easegress host_resp_set_cookie
func hostRespSetCookie(a unsafe.Pointer)

//go:wasmimport easegress host_resp_get_body
func hostRespGetBody() uint32

//go:wasmimport easegress host_resp_set_body
func hostRespSetBody(a unsafe.Pointer)

//go:wasmimport easegress host_cluster_get_binary
func hostClusterGetBinary(a unsafe.Pointer) uint32

//go:wasmimport easegress host_cluster_put_binary
func hostClusterPutBinary(a unsafe.Pointer, b unsafe.Pointer)

//go:wasmimport easegress host_cluster_get_string
func hostClusterGetString(a unsafe.Pointer) uint32

//go:wasmimport easegress host_cluster_put_string
func hostClusterPutString(a unsafe.Pointer, b unsafe.Pointer)

//go:wasmimport easegress host_cluster_get_integer
func hostClusterGetInteger(a unsafe.Pointer) int64

//go:wasmimport easegress host_cluster_put_integer
func hostClusterPutInteger(a unsafe.Pointer, b int64)

//go:wasmimport easegress host_cluster_add_integer
func hostClusterAddInteger(a unsafe.Pointer, b int64) int64

//go:wasmimport easegress host_cluster_get_float
func hostClusterGetFloat(a unsafe.Pointer) float64

//go:wasmimport easegress host_cluster_put_float
func hostClusterPutFloat(a unsafe.Pointer, b float64)

//go:wasmimport easegress host_cluster_add_float
func hostClusterAddFloat(a unsafe.Pointer, b float64) float64

//go:wasmimport easegress host_cluster_delete
func hostClusterDelete(a unsafe.Pointer)

//go:wasmimport easegress host_cluster_count_key
func hostClusterCountKey(a unsafe.Pointer) int32

//go:wasmimport easegress host_add_tag
func hostAddTag(a unsafe.Pointer)

//go:wasmimport easegress host_log
func hostLog(a int32, b unsafe.Pointer)

//go:wasmimport easegress host_get_unix_time_in_ms
func hostGetUnixTimeInMs() int64

//go:wasmimport easegress host_rand
func hostRand() float64

//go:wasmimport easegress host_parse_date
func hostParseDate(a unsafe.Pointer, b unsafe.Pointer) int64

//go:wasmimport easegress host_parameter
func hostParameter(a unsafe.Pointer, b unsafe.Pointer) uint32

//go:wasmimport easegress host_parameter_or
func hostParameterOr(a unsafe.Pointer, b unsafe.Pointer, c unsafe.Pointer) uint32
