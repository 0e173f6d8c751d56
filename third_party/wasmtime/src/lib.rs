// Re-exports the C API so that its `extern "C"` symbols end up in the library.
pub use wasmtime_c_api::*;
