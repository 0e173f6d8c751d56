// SPDX-License-Identifier: Apache-2.0
// The world of sdk/wit/sluice.wit: the functions of the ABI "easegress" as components import them.
#include "wasm/wit_world.h"

#include "filters/wasm_host/abi.h"

namespace sluice::filters {
namespace {

constexpr wasm::WitImport kWorldImports[] = {
    {"host_req_get_real_ip", "request", "get-real-ip", ">t"},
    {"host_req_get_scheme", "request", "get-scheme", ">t"},
    {"host_req_get_proto", "request", "get-proto", ">t"},
    {"host_req_get_method", "request", "get-method", ">t"},
    {"host_req_set_method", "request", "set-method", "t>"},
    {"host_req_get_host", "request", "get-host", ">t"},
    {"host_req_set_host", "request", "set-host", "t>"},
    {"host_req_get_path", "request", "get-path", ">t"},
    {"host_req_set_path", "request", "set-path", "t>"},
    {"host_req_get_escaped_path", "request", "get-escaped-path", ">t"},
    {"host_req_get_query", "request", "get-query", ">t"},
    {"host_req_set_query", "request", "set-query", "t>"},
    {"host_req_get_fragment", "request", "get-fragment", ">t"},
    {"host_req_get_header", "request", "get-header", "t>t"},
    {"host_req_get_all_header", "request", "get-all-header", ">t"},
    {"host_req_set_all_header", "request", "set-all-header", "t>"},
    {"host_req_set_header", "request", "set-header", "tt>"},
    {"host_req_add_header", "request", "add-header", "tt>"},
    {"host_req_del_header", "request", "del-header", "t>"},
    {"host_req_get_cookie", "request", "get-cookie", "t>t"},
    {"host_req_get_all_cookie", "request", "get-all-cookie", ">a"},
    {"host_req_add_cookie", "request", "add-cookie", "t>"},
    {"host_req_get_body", "request", "get-body", ">t"},
    {"host_req_set_body", "request", "set-body", "t>"},

    {"host_resp_get_status_code", "response", "get-status-code", ">i"},
    {"host_resp_set_status_code", "response", "set-status-code", "i>"},
    {"host_resp_get_header", "response", "get-header", "t>t"},
    {"host_resp_get_all_header", "response", "get-all-header", ">t"},
    {"host_resp_set_all_header", "response", "set-all-header", "t>"},
    {"host_resp_set_header", "response", "set-header", "tt>"},
    {"host_resp_add_header", "response", "add-header", "tt>"},
    {"host_resp_del_header", "response", "del-header", "t>"},
    {"host_resp_set_cookie", "response", "set-cookie", "t>"},
    {"host_resp_get_body", "response", "get-body", ">t"},
    {"host_resp_set_body", "response", "set-body", "t>"},

    {"host_cluster_get_binary", "cluster", "get-binary", "t>t"},
    {"host_cluster_put_binary", "cluster", "put-binary", "tt>"},
    {"host_cluster_get_string", "cluster", "get-string", "t>t"},
    {"host_cluster_put_string", "cluster", "put-string", "tt>"},
    {"host_cluster_get_integer", "cluster", "get-integer", "t>I"},
    {"host_cluster_put_integer", "cluster", "put-integer", "tI>"},
    {"host_cluster_add_integer", "cluster", "add-integer", "tI>I"},
    {"host_cluster_get_float", "cluster", "get-float", "t>F"},
    {"host_cluster_put_float", "cluster", "put-float", "tF>"},
    {"host_cluster_add_float", "cluster", "add-float", "tF>F"},
    {"host_cluster_delete", "cluster", "delete", "t>"},
    {"host_cluster_count_key", "cluster", "count-key", "t>i"},

    {"host_add_tag", "host", "add-tag", "t>"},
    {"host_log", "host", "log", "ut>"},
    {"host_get_unix_time_in_ms", "host", "now", ">I"},
    {"host_rand", "host", "rand", ">F"},
    {"host_parse_date", "host", "parse-date", "tt>I"},
    {"host_parameter", "host", "parameter", "tt>t"},
    {"host_parameter_or", "host", "parameter-or", "ttt>t"},
};

constexpr wasm::WitWorld kWorld{"sluice:gateway", "1.0.0", kWorldImports, kGuestRun.index};

}  // namespace

const wasm::WitWorld& gateway_world() { return kWorld; }

}  // namespace sluice::filters
