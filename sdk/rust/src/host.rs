// SPDX-License-Identifier: Apache-2.0
//! The functions of the gateway, as the module imports them. Addresses point at blocks: see abi.rs.

#[link(wasm_import_module = "easegress")]
extern "C" {
    pub fn host_req_get_real_ip() -> u32;
    pub fn host_req_get_scheme() -> u32;
    pub fn host_req_get_proto() -> u32;
    pub fn host_req_get_method() -> u32;
    pub fn host_req_set_method(method: u32);
    pub fn host_req_get_host() -> u32;
    pub fn host_req_set_host(host: u32);
    pub fn host_req_get_path() -> u32;
    pub fn host_req_set_path(path: u32);
    pub fn host_req_get_escaped_path() -> u32;
    pub fn host_req_get_query() -> u32;
    pub fn host_req_set_query(query: u32);
    pub fn host_req_get_fragment() -> u32;
    pub fn host_req_get_header(name: u32) -> u32;
    pub fn host_req_get_all_header() -> u32;
    pub fn host_req_set_all_header(lines: u32);
    pub fn host_req_set_header(name: u32, value: u32);
    pub fn host_req_add_header(name: u32, value: u32);
    pub fn host_req_del_header(name: u32);
    pub fn host_req_get_cookie(name: u32) -> u32;
    pub fn host_req_get_all_cookie() -> u32;
    pub fn host_req_add_cookie(cookie: u32);
    pub fn host_req_get_body() -> u32;
    pub fn host_req_set_body(body: u32);
    pub fn host_resp_get_status_code() -> i32;
    pub fn host_resp_set_status_code(code: i32);
    pub fn host_resp_get_header(name: u32) -> u32;
    pub fn host_resp_get_all_header() -> u32;
    pub fn host_resp_set_header(name: u32, value: u32);
    pub fn host_resp_set_all_header(lines: u32);
    pub fn host_resp_add_header(name: u32, value: u32);
    pub fn host_resp_del_header(name: u32);
    pub fn host_resp_set_cookie(cookie: u32);
    pub fn host_resp_get_body() -> u32;
    pub fn host_resp_set_body(body: u32);
    pub fn host_cluster_get_binary(key: u32) -> u32;
    pub fn host_cluster_put_binary(key: u32, value: u32);
    pub fn host_cluster_get_string(key: u32) -> u32;
    pub fn host_cluster_put_string(key: u32, value: u32);
    pub fn host_cluster_get_integer(key: u32) -> i64;
    pub fn host_cluster_put_integer(key: u32, value: i64);
    pub fn host_cluster_add_integer(key: u32, value: i64) -> i64;
    pub fn host_cluster_get_float(key: u32) -> f64;
    pub fn host_cluster_put_float(key: u32, value: f64);
    pub fn host_cluster_add_float(key: u32, value: f64) -> f64;
    pub fn host_cluster_delete(key: u32);
    pub fn host_cluster_count_key(prefix: u32) -> i32;
    pub fn host_add_tag(tag: u32);
    pub fn host_log(level: i32, message: u32);
    pub fn host_get_unix_time_in_ms() -> i64;
    pub fn host_rand() -> f64;
    pub fn host_parse_date(text: u32, zone: u32) -> i64;
    pub fn host_parameter(name: u32, kind: u32) -> u32;
    pub fn host_parameter_or(name: u32, kind: u32, otherwise: u32) -> u32;
}
