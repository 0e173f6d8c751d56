// Re-exports the C API so that its `extern "C"` symbols end up in the library.
pub use wasmtime_c_api::*;

mod component;
mod component_cost;
mod component_limits;
mod component_wasi;
mod component_world;
mod expression_cost;
