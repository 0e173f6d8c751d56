// SPDX-License-Identifier: Apache-2.0
//! The parameters of the filter, by name and type. Call these functions in [`crate::Program::new`].
//!
//! A value that is none of the type, a missing one and, once there is one call, a parameter that nobody
//! asks for are refused with their name when the filter is applied. A function with `_or` takes the
//! value of one that is not given.

use crate::abi::{string, take_string};
use crate::{host, Text};

/// As it is.
pub fn text(name: &str) -> Text {
    ask(name, "text")
}

/// The same, and `otherwise` if it is not given.
pub fn text_or(name: &str, otherwise: &str) -> Text {
    ask_or(name, "text", otherwise)
}

/// Decimal, of 64 bits.
pub fn integer(name: &str) -> i64 {
    value(ask(name, "integer"))
}

/// The same, and `otherwise` if it is not given.
pub fn integer_or(name: &str, otherwise: i64) -> i64 {
    value(ask_or(name, "integer", &otherwise.to_string()))
}

/// A finite number.
pub fn number(name: &str) -> f64 {
    value(ask(name, "number"))
}

/// The same, and `otherwise` if it is not given.
pub fn number_or(name: &str, otherwise: f64) -> f64 {
    value(ask_or(name, "number", &otherwise.to_string()))
}

/// `true` or `false`.
pub fn boolean(name: &str) -> bool {
    value(ask(name, "boolean"))
}

/// The same, and `otherwise` if it is not given.
pub fn boolean_or(name: &str, otherwise: bool) -> bool {
    value(ask_or(name, "boolean", &otherwise.to_string()))
}

/// Milliseconds, of a text such as `1m30s`.
pub fn duration(name: &str) -> i64 {
    value(ask(name, "duration"))
}

/// The same, and `otherwise` if it is not given.
pub fn duration_or(name: &str, otherwise: &str) -> i64 {
    value(ask_or(name, "duration", otherwise))
}

/// Milliseconds since 1970, of a text such as `2026-11-27 20:00 Europe/Berlin`.
pub fn time(name: &str) -> i64 {
    value(ask(name, "time"))
}

/// The same, and `otherwise` if it is not given.
pub fn time_or(name: &str, otherwise: &str) -> i64 {
    value(ask_or(name, "time", otherwise))
}

fn ask(name: &str, kind: &str) -> Text {
    let (name, kind) = (string(name.as_bytes()), string(kind.as_bytes()));
    take_string(unsafe { host::host_parameter(name.address(), kind.address()) })
}

fn ask_or(name: &str, kind: &str, otherwise: &str) -> Text {
    let (name, kind) = (string(name.as_bytes()), string(kind.as_bytes()));
    let otherwise = string(otherwise.as_bytes());
    take_string(unsafe {
        host::host_parameter_or(name.address(), kind.address(), otherwise.address())
    })
}

// The gateway has checked it.
fn value<T: core::str::FromStr + Default>(text: Text) -> T {
    core::str::from_utf8(text.as_ref()).ok().and_then(|text| text.parse().ok()).unwrap_or_default()
}
