// SPDX-License-Identifier: Apache-2.0

// The functions the gateway offers to a guest, exactly as they appear in the
// import section of the module. Addresses point at marshalled values, see
// marshal.ts. Programs use the modules beside this one, not these bindings.

// ----- request -----

@external("easegress", "host_req_get_real_ip")
export declare function host_req_get_real_ip(): usize
@external("easegress", "host_req_get_scheme")
export declare function host_req_get_scheme(): usize
@external("easegress", "host_req_get_proto")
export declare function host_req_get_proto(): usize
@external("easegress", "host_req_get_method")
export declare function host_req_get_method(): usize
@external("easegress", "host_req_set_method")
export declare function host_req_set_method(method: usize): void
@external("easegress", "host_req_get_host")
export declare function host_req_get_host(): usize
@external("easegress", "host_req_set_host")
export declare function host_req_set_host(host: usize): void
@external("easegress", "host_req_get_path")
export declare function host_req_get_path(): usize
@external("easegress", "host_req_set_path")
export declare function host_req_set_path(path: usize): void
@external("easegress", "host_req_get_escaped_path")
export declare function host_req_get_escaped_path(): usize
@external("easegress", "host_req_get_query")
export declare function host_req_get_query(): usize
@external("easegress", "host_req_set_query")
export declare function host_req_set_query(query: usize): void
@external("easegress", "host_req_get_fragment")
export declare function host_req_get_fragment(): usize
@external("easegress", "host_req_get_header")
export declare function host_req_get_header(name: usize): usize
@external("easegress", "host_req_get_all_header")
export declare function host_req_get_all_header(): usize
@external("easegress", "host_req_set_header")
export declare function host_req_set_header(name: usize, value: usize): void
@external("easegress", "host_req_set_all_header")
export declare function host_req_set_all_header(headers: usize): void
@external("easegress", "host_req_add_header")
export declare function host_req_add_header(name: usize, value: usize): void
@external("easegress", "host_req_del_header")
export declare function host_req_del_header(name: usize): void
@external("easegress", "host_req_get_cookie")
export declare function host_req_get_cookie(name: usize): usize
@external("easegress", "host_req_get_all_cookie")
export declare function host_req_get_all_cookie(): usize
@external("easegress", "host_req_add_cookie")
export declare function host_req_add_cookie(cookie: usize): void
@external("easegress", "host_req_get_body")
export declare function host_req_get_body(): usize
@external("easegress", "host_req_set_body")
export declare function host_req_set_body(body: usize): void

// ----- response -----

@external("easegress", "host_resp_get_status_code")
export declare function host_resp_get_status_code(): i32
@external("easegress", "host_resp_set_status_code")
export declare function host_resp_set_status_code(code: i32): void
@external("easegress", "host_resp_get_header")
export declare function host_resp_get_header(name: usize): usize
@external("easegress", "host_resp_get_all_header")
export declare function host_resp_get_all_header(): usize
@external("easegress", "host_resp_set_header")
export declare function host_resp_set_header(name: usize, value: usize): void
@external("easegress", "host_resp_set_all_header")
export declare function host_resp_set_all_header(headers: usize): void
@external("easegress", "host_resp_add_header")
export declare function host_resp_add_header(name: usize, value: usize): void
@external("easegress", "host_resp_del_header")
export declare function host_resp_del_header(name: usize): void
@external("easegress", "host_resp_set_cookie")
export declare function host_resp_set_cookie(cookie: usize): void
@external("easegress", "host_resp_get_body")
export declare function host_resp_get_body(): usize
@external("easegress", "host_resp_set_body")
export declare function host_resp_set_body(body: usize): void

// ----- shared data -----

@external("easegress", "host_cluster_get_binary")
export declare function host_cluster_get_binary(key: usize): usize
@external("easegress", "host_cluster_put_binary")
export declare function host_cluster_put_binary(key: usize, value: usize): void
@external("easegress", "host_cluster_get_string")
export declare function host_cluster_get_string(key: usize): usize
@external("easegress", "host_cluster_put_string")
export declare function host_cluster_put_string(key: usize, value: usize): void
@external("easegress", "host_cluster_get_integer")
export declare function host_cluster_get_integer(key: usize): i64
@external("easegress", "host_cluster_put_integer")
export declare function host_cluster_put_integer(key: usize, value: i64): void
@external("easegress", "host_cluster_add_integer")
export declare function host_cluster_add_integer(key: usize, delta: i64): i64
@external("easegress", "host_cluster_get_float")
export declare function host_cluster_get_float(key: usize): f64
@external("easegress", "host_cluster_put_float")
export declare function host_cluster_put_float(key: usize, value: f64): void
@external("easegress", "host_cluster_add_float")
export declare function host_cluster_add_float(key: usize, delta: f64): f64
@external("easegress", "host_cluster_delete")
export declare function host_cluster_delete(key: usize): void
@external("easegress", "host_cluster_count_key")
export declare function host_cluster_count_key(prefix: usize): i32

// ----- everything else -----

@external("easegress", "host_add_tag")
export declare function host_add_tag(tag: usize): void
@external("easegress", "host_log")
export declare function host_log(level: i32, message: usize): void
@external("easegress", "host_get_unix_time_in_ms")
export declare function host_get_unix_time_in_ms(): i64
@external("easegress", "host_rand")
export declare function host_rand(): f64
@external("easegress", "host_parse_date")
export declare function host_parse_date(text: usize, zone: usize): i64
@external("easegress", "host_parameter")
export declare function host_parameter(name: usize, type: usize): usize
@external("easegress", "host_parameter_or")
export declare function host_parameter_or(name: usize, type: usize, otherwise: usize): usize
