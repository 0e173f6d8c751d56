// SPDX-License-Identifier: Apache-2.0
//! The request that the filter is working on.

use crate::abi::{data, string, take_array, take_data, take_string};
use crate::cookie::Cookie;
use crate::{headers, host, Headers, Text};

/// The address of the client, behind trusted proxies, too.
pub fn real_ip() -> Text {
    take_string(unsafe { host::host_req_get_real_ip() })
}

/// `http` or `https`.
pub fn scheme() -> Text {
    take_string(unsafe { host::host_req_get_scheme() })
}

/// The protocol, such as `HTTP/1.1`.
pub fn proto() -> Text {
    take_string(unsafe { host::host_req_get_proto() })
}

/// The method.
pub fn method() -> Text {
    take_string(unsafe { host::host_req_get_method() })
}

/// Sets the method.
pub fn set_method(method: impl AsRef<[u8]>) {
    let method = string(method.as_ref());
    unsafe { host::host_req_set_method(method.address()) }
}

/// The Host header, with the port if there is one.
pub fn host() -> Text {
    take_string(unsafe { host::host_req_get_host() })
}

/// Sets the Host header.
pub fn set_host(host: impl AsRef<[u8]>) {
    let host = string(host.as_ref());
    unsafe { host::host_req_set_host(host.address()) }
}

/// The path, decoded.
pub fn path() -> Text {
    take_string(unsafe { host::host_req_get_path() })
}

/// Sets the path.
pub fn set_path(path: impl AsRef<[u8]>) {
    let path = string(path.as_ref());
    unsafe { host::host_req_set_path(path.address()) }
}

/// The path with its escapes.
pub fn escaped_path() -> Text {
    take_string(unsafe { host::host_req_get_escaped_path() })
}

/// The query without the question mark.
pub fn query() -> Text {
    take_string(unsafe { host::host_req_get_query() })
}

/// Sets the query.
pub fn set_query(query: impl AsRef<[u8]>) {
    let query = string(query.as_ref());
    unsafe { host::host_req_set_query(query.address()) }
}

/// Empty as a rule: clients do not send the fragment.
pub fn fragment() -> Text {
    take_string(unsafe { host::host_req_get_fragment() })
}

/// The first value of the header, in any case of its name; empty if there is none.
pub fn header(name: impl AsRef<[u8]>) -> Text {
    let name = string(name.as_ref());
    take_string(unsafe { host::host_req_get_header(name.address()) })
}

/// All headers but Host.
pub fn all_headers() -> Headers {
    headers::parse(&take_string(unsafe { host::host_req_get_all_header() }))
}

/// Replaces all headers. A line break in a value becomes a blank; a name that has one fails.
pub fn set_all_headers<N: AsRef<[u8]>, V: AsRef<[u8]>>(all: &[(N, V)]) {
    let lines = string(&headers::lines(all));
    unsafe { host::host_req_set_all_header(lines.address()) }
}

/// Replaces all values of the header by this one.
pub fn set_header(name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
    let (name, value) = (string(name.as_ref()), string(value.as_ref()));
    unsafe { host::host_req_set_header(name.address(), value.address()) }
}

/// Adds a value to the header.
pub fn add_header(name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
    let (name, value) = (string(name.as_ref()), string(value.as_ref()));
    unsafe { host::host_req_add_header(name.address(), value.address()) }
}

/// Removes all values of the header.
pub fn del_header(name: impl AsRef<[u8]>) {
    let name = string(name.as_ref());
    unsafe { host::host_req_del_header(name.address()) }
}

/// The cookie of this name.
pub fn cookie(name: impl AsRef<[u8]>) -> Option<Cookie> {
    let name = string(name.as_ref());
    Cookie::parse(&take_string(unsafe { host::host_req_get_cookie(name.address()) }))
}

/// All cookies.
pub fn all_cookies() -> Vec<Cookie> {
    let texts = take_array(unsafe { host::host_req_get_all_cookie() });
    texts.iter().filter_map(|text| Cookie::parse(text)).collect()
}

/// Adds a cookie, of which the request carries name and value only.
pub fn add_cookie(cookie: &Cookie) {
    let pair = string(&cookie.pair());
    unsafe { host::host_req_add_cookie(pair.address()) }
}

/// The body. The run fails if the server streams it.
pub fn body() -> Vec<u8> {
    take_data(unsafe { host::host_req_get_body() })
}

/// Sets the body.
pub fn set_body(body: impl AsRef<[u8]>) {
    let body = data(body.as_ref());
    unsafe { host::host_req_set_body(body.address()) }
}
