/* SPDX-License-Identifier: Apache-2.0 */
/* clang-format off */
/* The functions of the nouns, for every engine: F(shape, id, name, import). A shape is the arguments and
   the result, which each engine takes and makes in its own way:
     TEXT        ()          -> text      SET          (text)        ->
     TEXT_OF     (text)      -> text      SET_DATA     (data)        ->
     BYTES_OF    (text)      -> bytes     SET2         (text, text)  ->
     BODY        ()          -> text      SET2_DATA    (text, data)  ->
     BODY_BYTES  ()          -> bytes     LOG          (level, text) ->
     LIST        ()          -> texts     GET_STATUS   ()            -> number
     INTEGER_OF  (text)      -> integer   SET_STATUS   (number)      ->
     FLOAT_OF    (text)      -> number    PUT_INTEGER  (text, integer) ->
     COUNT_OF    (text)      -> number    PUT_FLOAT    (text, number)  ->
     NOW, RAND   ()          -> number    ADD_INTEGER  (text, integer) -> integer
     TEXT_OF2     (text, text) -> text    ADD_FLOAT    (text, number)  -> number
     INTEGER_OF2  (text, text) -> integer TEXT_OF3     (text, text, text) -> text
   `name` is JavaScript's. Lua writes it in lower case, with underscores. */
#pragma once

#define REQUEST_FUNCTIONS(F)                                                  \
  F(TEXT, req_get_real_ip, "getRealIp", host_req_get_real_ip)                 \
  F(TEXT, req_get_scheme, "getScheme", host_req_get_scheme)                   \
  F(TEXT, req_get_proto, "getProto", host_req_get_proto)                      \
  F(TEXT, req_get_method, "getMethod", host_req_get_method)                   \
  F(SET, req_set_method, "setMethod", host_req_set_method)                    \
  F(TEXT, req_get_host, "getHost", host_req_get_host)                         \
  F(SET, req_set_host, "setHost", host_req_set_host)                          \
  F(TEXT, req_get_path, "getPath", host_req_get_path)                         \
  F(SET, req_set_path, "setPath", host_req_set_path)                          \
  F(TEXT, req_get_escaped_path, "getEscapedPath", host_req_get_escaped_path)  \
  F(TEXT, req_get_query, "getQuery", host_req_get_query)                      \
  F(SET, req_set_query, "setQuery", host_req_set_query)                       \
  F(TEXT, req_get_fragment, "getFragment", host_req_get_fragment)             \
  F(TEXT_OF, req_get_header, "getHeader", host_req_get_header)                \
  F(SET2, req_set_header, "setHeader", host_req_set_header)                   \
  F(SET2, req_add_header, "addHeader", host_req_add_header)                   \
  F(SET, req_del_header, "delHeader", host_req_del_header)                    \
  F(BODY, req_get_body, "getBody", host_req_get_body)                         \
  F(SET_DATA, req_set_body, "setBody", host_req_set_body)

#define RESPONSE_FUNCTIONS(F)                                                 \
  F(GET_STATUS, resp_get_status_code, "getStatusCode", host_resp_get_status_code) \
  F(SET_STATUS, resp_set_status_code, "setStatusCode", host_resp_set_status_code) \
  F(TEXT_OF, resp_get_header, "getHeader", host_resp_get_header)              \
  F(SET2, resp_set_header, "setHeader", host_resp_set_header)                 \
  F(SET2, resp_add_header, "addHeader", host_resp_add_header)                 \
  F(SET, resp_del_header, "delHeader", host_resp_del_header)                  \
  F(BODY, resp_get_body, "getBody", host_resp_get_body)                       \
  F(SET_DATA, resp_set_body, "setBody", host_resp_set_body)

/* For a language whose texts cannot hold all bytes. */
#define REQUEST_BYTES_FUNCTIONS(F) F(BODY_BYTES, req_get_body_bytes, "getBodyBytes", host_req_get_body)
#define RESPONSE_BYTES_FUNCTIONS(F) F(BODY_BYTES, resp_get_body_bytes, "getBodyBytes", host_resp_get_body)

#define CLUSTER_FUNCTIONS(F)                                                  \
  F(BYTES_OF, get_binary, "getBinary", host_cluster_get_binary)               \
  F(SET2_DATA, put_binary, "putBinary", host_cluster_put_binary)              \
  F(TEXT_OF, get_string, "getString", host_cluster_get_string)                \
  F(SET2, put_string, "putString", host_cluster_put_string)                   \
  F(INTEGER_OF, get_integer, "getInteger", host_cluster_get_integer)          \
  F(PUT_INTEGER, put_integer, "putInteger", host_cluster_put_integer)         \
  F(ADD_INTEGER, add_integer, "addInteger", host_cluster_add_integer)         \
  F(FLOAT_OF, get_float, "getFloat", host_cluster_get_float)                  \
  F(PUT_FLOAT, put_float, "putFloat", host_cluster_put_float)                 \
  F(ADD_FLOAT, add_float, "addFloat", host_cluster_add_float)                 \
  F(SET, delete_, "delete", host_cluster_delete)                              \
  F(COUNT_OF, count_key, "countKey", host_cluster_count_key)

#define GLOBAL_FUNCTIONS(F)                                                   \
  F(SET, add_tag, "addTag", host_add_tag)                                     \
  F(NOW, now, "now", host_get_unix_time_in_ms)                                \
  F(RAND, rand_, "rand", host_rand)

/* For the prelude, which wraps them. */
#define NATIVE_FUNCTIONS(F)                                                   \
  F(TEXT, req_get_all_header, "requestHeaders", host_req_get_all_header)      \
  F(SET, req_set_all_header, "setRequestHeaders", host_req_set_all_header)    \
  F(TEXT, resp_get_all_header, "responseHeaders", host_resp_get_all_header)   \
  F(SET, resp_set_all_header, "setResponseHeaders", host_resp_set_all_header) \
  F(TEXT_OF, req_get_cookie, "cookie", host_req_get_cookie)                   \
  F(LIST, req_get_all_cookie, "cookies", host_req_get_all_cookie)             \
  F(SET, req_add_cookie, "addCookie", host_req_add_cookie)                    \
  F(SET, resp_set_cookie, "setCookie", host_resp_set_cookie)                  \
  F(LOG, log_at, "log", host_log)                                             \
  F(INTEGER_OF2, parse_date, "parseDate", host_parse_date)                    \
  F(TEXT_OF2, parameter, "parameter", host_parameter)                         \
  F(TEXT_OF3, parameter_or, "parameterOr", host_parameter_or)

#define ALL_FUNCTIONS(F) \
  REQUEST_FUNCTIONS(F) RESPONSE_FUNCTIONS(F) CLUSTER_FUNCTIONS(F) GLOBAL_FUNCTIONS(F) NATIVE_FUNCTIONS(F)
