// SPDX-License-Identifier: Apache-2.0
//! Programs for the WasmHost filter of the Sluice gateway.
//!
//! ```ignore
//! use sluice::{program, request, Outcome, Params, Program};
//!
//! struct AddHeader;
//!
//! impl Program for AddHeader {
//!     fn new(_: &Params) -> sluice::Result<Self> {
//!         Ok(AddHeader)
//!     }
//!     fn run(&mut self) -> sluice::Result<Outcome> {
//!         request::add_header("X-Wasm", "was here");
//!         Ok(Outcome::Next)
//!     }
//! }
//!
//! program!(AddHeader);
//! ```
//!
//! # Errors
//!
//! An error that `new` or `run` returns, and a panic, is logged with its reason and ends the run
//! with `wasmError`. So does a call that the gateway refuses, such as a method with a blank.
//!
//! # Text
//!
//! What comes from a client need not be UTF-8, so results are [`Text`]: bytes that pass unchanged.
//! Arguments are anything that is bytes: `&str`, `String`, `Text`, `&[u8]`.

#![warn(missing_docs)]

mod abi;
pub mod cluster;
pub mod cookie;
mod headers;
mod host;
pub mod parameter;
pub mod request;
pub mod response;
mod text;

use std::collections::BTreeMap;

pub use headers::Headers;
pub use text::Text;

#[doc(hidden)]
pub mod exports {
    pub use crate::abi::{alloc, free, start};
}

/// The parameters in the configuration of the filter.
pub type Params = BTreeMap<String, String>;

/// An error of any type; its text goes to the log.
pub type Error = Box<dyn std::error::Error>;

/// What `new` and `run` return.
pub type Result<T> = std::result::Result<T, Error>;

/// How a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The next filter of the pipeline runs.
    Next,
    /// `wasmResult1` to `wasmResult9`; any other number is `wasmError`.
    WasmResult(u8),
}

impl Outcome {
    #[doc(hidden)]
    pub fn code(self) -> i32 {
        match self {
            Outcome::Next => 0,
            Outcome::WasmResult(0) => -1,
            Outcome::WasmResult(number) => i32::from(number),
        }
    }
}

/// A program. The gateway makes one object per instance, which works on one request at a time.
pub trait Program: Sized {
    /// Called once, before the first request.
    fn new(params: &Params) -> Result<Self>;

    /// Handles one request. It is one transaction: a run that conflicts with another one is undone
    /// and executed again. Fields of the program keep what the first execution left in them.
    fn run(&mut self) -> Result<Outcome>;
}

/// Names the program of the module, once.
#[macro_export]
macro_rules! program {
    ($program:ty) => {
        static mut SLUICE_PROGRAM: Option<$program> = None;

        #[no_mangle]
        pub extern "C" fn wasm_alloc(size: u32) -> u32 {
            $crate::exports::alloc(size)
        }

        #[no_mangle]
        pub extern "C" fn wasm_free(address: u32) {
            $crate::exports::free(address)
        }

        #[no_mangle]
        pub extern "C" fn wasm_init(params: u32) {
            let params = $crate::exports::start(params);
            match <$program as $crate::Program>::new(&params) {
                // An instance has one thread.
                Ok(program) => unsafe { SLUICE_PROGRAM = Some(program) },
                Err(error) => $crate::fail(&error.to_string()),
            }
        }

        #[no_mangle]
        pub extern "C" fn wasm_run() -> i32 {
            let program = unsafe { (*core::ptr::addr_of_mut!(SLUICE_PROGRAM)).as_mut() };
            match program.map($crate::Program::run) {
                Some(Ok(outcome)) => outcome.code(),
                Some(Err(error)) => $crate::fail(&error.to_string()),
                None => $crate::fail("wasm_init was not called"),
            }
        }
    };
}

/// The level of a line in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// For those who look for a fault.
    Debug,
    /// For everybody.
    Info,
    /// For faults and losses.
    Warning,
    /// For what ends a run.
    Error,
}

/// Writes a line to the log of the gateway.
pub fn log(level: Level, message: impl AsRef<[u8]>) {
    let message = abi::string(message.as_ref());
    unsafe { host::host_log(level as i32, message.address()) }
}

/// Logs the reason and ends the run with `wasmError`. Nothing that the run did remains.
pub fn fail(reason: &str) -> ! {
    log(Level::Error, reason);
    core::arch::wasm32::unreachable()
}

/// Adds a tag to the line of the request in the access log.
pub fn add_tag(tag: impl AsRef<[u8]>) {
    let tag = abi::string(tag.as_ref());
    unsafe { host::host_add_tag(tag.address()) }
}

/// A random number, at least 0 and less than 1.
pub fn rand() -> f64 {
    unsafe { host::host_rand() }
}

/// Milliseconds since 1970-01-01 UTC.
pub fn now() -> i64 {
    unsafe { host::host_get_unix_time_in_ms() }
}

mod date;
pub use date::{parse_date, parse_date_in};
