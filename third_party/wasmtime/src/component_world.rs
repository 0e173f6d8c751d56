// SPDX-License-Identifier: Apache-2.0
//! Host functions of C++ with the types of the world `sluice:gateway/filter`. Bytes are not copied on
//! their way to the host, and once on the way back.
use wasmtime::component::{LinkerInstance, WasmList};
use wasmtime::{Error, Result, StoreContextMut};

use crate::component::{Function, State, Value, View};

type Bytes = WasmList<u8>;
/// Lowered at once: the host keeps the bytes until the guest's next call.
type Given = &'static [u8];

trait Argument {
    fn value(&self, store: &StoreContextMut<'_, State>) -> Value;
}
impl Argument for Bytes {
    fn value(&self, store: &StoreContextMut<'_, State>) -> Value {
        Value { text: View::of(self.as_le_slice(store)), ..Value::default() }
    }
}
impl Argument for f64 {
    fn value(&self, _: &StoreContextMut<'_, State>) -> Value {
        Value { real: *self, ..Value::default() }
    }
}
macro_rules! integers {
    ($($type:ty),*) => {$(
        impl Argument for $type {
            fn value(&self, _: &StoreContextMut<'_, State>) -> Value {
                Value { integer: *self as i64, ..Value::default() }
            }
        }
    )*};
}
integers!(i32, u32, i64);

trait Answer {
    unsafe fn of(value: &Value) -> Self;
}
impl Answer for () {
    unsafe fn of(_: &Value) {}
}
impl Answer for (i32,) {
    unsafe fn of(value: &Value) -> Self {
        (value.integer as i32,)
    }
}
impl Answer for (i64,) {
    unsafe fn of(value: &Value) -> Self {
        (value.integer,)
    }
}
impl Answer for (f64,) {
    unsafe fn of(value: &Value) -> Self {
        (value.real,)
    }
}
impl Answer for (Given,) {
    unsafe fn of(value: &Value) -> Self {
        (value.text.bytes(),)
    }
}
impl Answer for (Vec<Given>,) {
    unsafe fn of(value: &Value) -> Self {
        if value.count == 0 {
            return (Vec::new(),);
        }
        let texts = std::slice::from_raw_parts(value.texts, value.count);
        (texts.iter().map(|text| text.bytes()).collect(),)
    }
}

fn enter<A: Answer>(store: &StoreContextMut<'_, State>, function: Function, arguments: &[Value]) -> Result<A> {
    let state = store.data();
    let mut result = Value::default();
    if (state.callbacks.call)(state.user, function.0, arguments.as_ptr(), &mut result) {
        return Ok(unsafe { A::of(&result) });
    }
    let why = String::from_utf8_lossy(unsafe { result.text.bytes() }).into_owned();
    Err(Error::msg(why))
}

macro_rules! shapes {
    ($instance:ident, $name:ident, $shape:ident, $function:ident; $($letters:literal ($($p:ident: $type:ty),*) -> $answer:ty;)*) => {
        match $shape {
            $($letters => $instance.func_wrap($name, move |store: StoreContextMut<'_, State>, ($($p,)*): ($($type,)*)| {
                enter::<$answer>(&store, $function, &[$($p.value(&store)),*])
            }),)*
            _ => Err(Error::msg(format!("{}: no such shape: {}", $name, $shape))),
        }
    };
}

/// `shape`: the letters of the parameters, `>`, that of the result. t: bytes, a: a list of bytes, i and
/// u: 32 bits, I: 64 bits, F: f64.
pub fn add_world(instance: &mut LinkerInstance<'_, State>, name: &str, shape: &str, function: Function) -> Result<()> {
    shapes!(instance, name, shape, function;
        "t>" (a: Bytes) -> ();
        "tt>" (a: Bytes, b: Bytes) -> ();
        "ut>" (a: u32, b: Bytes) -> ();
        "i>" (a: i32) -> ();
        "tI>" (a: Bytes, b: i64) -> ();
        "tF>" (a: Bytes, b: f64) -> ();
        ">t" () -> (Given,);
        ">a" () -> (Vec<Given>,);
        ">i" () -> (i32,);
        ">I" () -> (i64,);
        ">F" () -> (f64,);
        "t>t" (a: Bytes) -> (Given,);
        "tt>t" (a: Bytes, b: Bytes) -> (Given,);
        "ttt>t" (a: Bytes, b: Bytes, c: Bytes) -> (Given,);
        "tt>I" (a: Bytes, b: Bytes) -> (i64,);
        "t>i" (a: Bytes) -> (i32,);
        "t>I" (a: Bytes) -> (i64,);
        "t>F" (a: Bytes) -> (f64,);
        "tI>I" (a: Bytes, b: i64) -> (i64,);
        "tF>F" (a: Bytes, b: f64) -> (f64,);
    )
}
