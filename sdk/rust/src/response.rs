// SPDX-License-Identifier: Apache-2.0
//! The response. Before another filter has made one, it is empty and has the status 200.

use crate::abi::{data, string, take_data, take_string};
use crate::cookie::Cookie;
use crate::{headers, host, Headers, Text};

/// The status code.
pub fn status_code() -> i32 {
    unsafe { host::host_resp_get_status_code() }
}

/// Sets the status code, 200 to 599.
pub fn set_status_code(code: i32) {
    unsafe { host::host_resp_set_status_code(code) }
}

/// The first value of the header, in any case of its name; empty if there is none.
pub fn header(name: impl AsRef<[u8]>) -> Text {
    let name = string(name.as_ref());
    take_string(unsafe { host::host_resp_get_header(name.address()) })
}

/// All headers.
pub fn all_headers() -> Headers {
    headers::parse(&take_string(unsafe { host::host_resp_get_all_header() }))
}

/// Replaces all headers. A line break in a value becomes a blank; a name that has one fails.
pub fn set_all_headers<N: AsRef<[u8]>, V: AsRef<[u8]>>(all: &[(N, V)]) {
    let lines = string(&headers::lines(all));
    unsafe { host::host_resp_set_all_header(lines.address()) }
}

/// Replaces all values of the header by this one.
pub fn set_header(name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
    let (name, value) = (string(name.as_ref()), string(value.as_ref()));
    unsafe { host::host_resp_set_header(name.address(), value.address()) }
}

/// Adds a value to the header.
pub fn add_header(name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
    let (name, value) = (string(name.as_ref()), string(value.as_ref()));
    unsafe { host::host_resp_add_header(name.address(), value.address()) }
}

/// Removes all values of the header.
pub fn del_header(name: impl AsRef<[u8]>) {
    let name = string(name.as_ref());
    unsafe { host::host_resp_del_header(name.address()) }
}

/// Adds a Set-Cookie header.
pub fn set_cookie(cookie: &Cookie) {
    let text = string(&cookie.text());
    unsafe { host::host_resp_set_cookie(text.address()) }
}

/// The body. The run fails if it is streamed from the backend.
pub fn body() -> Vec<u8> {
    take_data(unsafe { host::host_resp_get_body() })
}

/// Sets the body.
pub fn set_body(body: impl AsRef<[u8]>) {
    let body = data(body.as_ref());
    unsafe { host::host_resp_set_body(body.address()) }
}
