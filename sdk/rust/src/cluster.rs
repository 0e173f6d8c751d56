// SPDX-License-Identifier: Apache-2.0
//! Data that all instances share, on all members. Each filter has keys of its own.
//!
//! A run is one serializable transaction: it sees one state and its own writes, and what it writes
//! counts when it returns, as a whole or not at all.

use crate::abi::{data, string, take_data, take_string};
use crate::{host, Text};

/// The bytes, none if there is no such key.
pub fn get_binary(key: impl AsRef<[u8]>) -> Vec<u8> {
    let key = string(key.as_ref());
    take_data(unsafe { host::host_cluster_get_binary(key.address()) })
}

/// Stores bytes.
pub fn put_binary(key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
    let (key, value) = (string(key.as_ref()), data(value.as_ref()));
    unsafe { host::host_cluster_put_binary(key.address(), value.address()) }
}

/// The value, empty if there is none.
pub fn get_string(key: impl AsRef<[u8]>) -> Text {
    let key = string(key.as_ref());
    take_string(unsafe { host::host_cluster_get_string(key.address()) })
}

/// Stores a text.
pub fn put_string(key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
    let (key, value) = (string(key.as_ref()), string(value.as_ref()));
    unsafe { host::host_cluster_put_string(key.address(), value.address()) }
}

/// The value, 0 if there is none or it is no integer.
pub fn get_integer(key: impl AsRef<[u8]>) -> i64 {
    let key = string(key.as_ref());
    unsafe { host::host_cluster_get_integer(key.address()) }
}

/// Stores an integer.
pub fn put_integer(key: impl AsRef<[u8]>, value: i64) {
    let key = string(key.as_ref());
    unsafe { host::host_cluster_put_integer(key.address(), value) }
}

/// Adds, and returns the sum.
pub fn add_integer(key: impl AsRef<[u8]>, value: i64) -> i64 {
    let key = string(key.as_ref());
    unsafe { host::host_cluster_add_integer(key.address(), value) }
}

/// The value, 0 if there is none or it is no number.
pub fn get_float(key: impl AsRef<[u8]>) -> f64 {
    let key = string(key.as_ref());
    unsafe { host::host_cluster_get_float(key.address()) }
}

/// Stores a number.
pub fn put_float(key: impl AsRef<[u8]>, value: f64) {
    let key = string(key.as_ref());
    unsafe { host::host_cluster_put_float(key.address(), value) }
}

/// Adds, and returns the sum.
pub fn add_float(key: impl AsRef<[u8]>, value: f64) -> f64 {
    let key = string(key.as_ref());
    unsafe { host::host_cluster_add_float(key.address(), value) }
}

/// Removes the key, if it is there.
pub fn delete(key: impl AsRef<[u8]>) {
    let key = string(key.as_ref());
    unsafe { host::host_cluster_delete(key.address()) }
}

/// The number of keys that begin with the prefix.
pub fn count_key(prefix: impl AsRef<[u8]>) -> i32 {
    let prefix = string(prefix.as_ref());
    unsafe { host::host_cluster_count_key(prefix.address()) }
}
