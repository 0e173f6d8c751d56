// SPDX-License-Identifier: Apache-2.0
//! Hosts components for C++. `src/wasm/component_api.h` declares these functions and says what they do.
use std::ffi::c_void;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use rayon::ThreadPoolBuilder;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Instance, InstancePre, Linker, TypedFunc};
use wasmtime::{Config, Engine, Error, Result, Store};

use crate::component_cost::check_cost;
use crate::component_limits::GuestLimits;
use crate::component_wasi::add_wasi;
use crate::component_world::add_world;
use crate::expression_cost::check_expressions;

/// Borrowed bytes.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct View {
    pub data: *const u8,
    pub size: usize,
}

impl View {
    pub fn of(bytes: &[u8]) -> View {
        View { data: bytes.as_ptr(), size: bytes.len() }
    }
    /// Requires: the bytes stay where they are while the slice is used.
    pub unsafe fn bytes(&self) -> &'static [u8] {
        if self.size == 0 {
            return &[];
        }
        std::slice::from_raw_parts(self.data, self.size)
    }
    unsafe fn text(&self) -> &'static str {
        std::str::from_utf8(self.bytes()).unwrap_or("")
    }
}

/// An argument or a result of a host function. The shape of the function says which field holds it.
#[repr(C)]
pub struct Value {
    pub integer: i64,
    pub real: f64,
    pub text: View,
    pub texts: *const View,
    pub count: usize,
}

impl Default for Value {
    fn default() -> Value {
        Value { integer: 0, real: 0.0, text: View::of(&[]), texts: std::ptr::null(), count: 0 }
    }
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Callbacks {
    pub call: extern "C" fn(*mut c_void, *const c_void, *const Value, *mut Value) -> bool,
    pub print: extern "C" fn(*mut c_void, View),
    pub random: extern "C" fn(*mut u8, usize) -> bool,
}

#[repr(C)]
pub struct Import {
    interface: View,
    name: View,
    shape: View,
    function: *const c_void,
}

/// A host function of C++.
#[derive(Clone, Copy)]
pub struct Function(pub *const c_void);
unsafe impl Send for Function {}
unsafe impl Sync for Function {}

/// What a store knows of its guest.
pub struct State {
    pub user: *mut c_void,
    pub callbacks: Callbacks,
    pub sleep: Arc<Sleep>,
    /// The times that pollables wait for; none: a free place.
    pub alarms: Vec<Option<Instant>>,
    limits: GuestLimits,
}
unsafe impl Send for State {}

/// Until when a guest sleeps. The host looks while the store is borrowed by the call.
pub struct Sleep {
    begin: Instant,
    until_ns: AtomicI64,
}

impl Sleep {
    pub fn set(&self, until: Instant) {
        let ns = until.saturating_duration_since(self.begin).as_nanos();
        self.until_ns.store(ns.min(i64::MAX as u128) as i64, Ordering::Relaxed);
    }
    pub fn age(&self) -> Duration {
        self.begin.elapsed()
    }
    fn clear(&self) {
        self.until_ns.store(0, Ordering::Relaxed);
    }
    fn left(&self) -> Duration {
        let until = self.begin + Duration::from_nanos(self.until_ns.load(Ordering::Relaxed) as u64);
        until.saturating_duration_since(Instant::now())
    }
}

pub struct Components {
    engine: Engine,
}

impl Components {
    /// On threads of its own: it takes seconds, and the pool of the process compiles modules.
    fn compile(&self, bytes: &[u8]) -> Result<Component> {
        check_cost(bytes).map_err(Error::msg)?;
        check_expressions(bytes).map_err(Error::msg)?;
        let compilers = ThreadPoolBuilder::new().build().map_err(|fault| Error::msg(fault.to_string()))?;
        compilers.install(|| Component::from_binary(&self.engine, bytes))
    }
}

pub struct Linked {
    pre: InstancePre<State>,
    callbacks: Callbacks,
}

enum Done {
    Instance(Instance),
    Value(i32),
    Refusal(String),
}
type Call = Pin<Box<dyn Future<Output = Result<Done>>>>;
type Run = TypedFunc<(), (Result<i32, String>,)>;
type Configure = TypedFunc<(Vec<(String, String)>,), (Result<(), String>,)>;

pub struct Guest {
    // First: it refers to the store.
    call: Option<Call>,
    outcome: Option<Result<Done>>,
    run: Option<Run>,
    configure: Option<Configure>,
    sleep: Arc<Sleep>,
    store: Box<Store<State>>,
    linked: *const Linked,
}

#[no_mangle]
pub extern "C" fn sluice_components_new(
    wasm_stack: usize,
    fiber_stack: usize,
    out: *mut *mut Components,
    error: *mut *mut Vec<u8>,
) -> bool {
    let mut config = Config::new();
    config.epoch_interruption(true);
    config.max_wasm_stack(wasm_stack);
    config.async_stack_size(fiber_stack);
    config.wasm_component_model(true);
    // The collector's heap would be one more memory.
    config.wasm_gc(false);
    config.wasm_function_references(false);
    config.parallel_compilation(true);
    give(Engine::new(&config).map(|engine| Components { engine }), out, error)
}

#[no_mangle]
pub unsafe extern "C" fn sluice_components_delete(components: *mut Components) {
    drop(Box::from_raw(components));
}

#[no_mangle]
pub unsafe extern "C" fn sluice_components_tick(components: *const Components) {
    (*components).engine.increment_epoch();
}

#[no_mangle]
pub unsafe extern "C" fn sluice_component_compile(
    components: *const Components,
    bytes: View,
    out: *mut *mut Component,
    error: *mut *mut Vec<u8>,
) -> bool {
    give((*components).compile(bytes.bytes()), out, error)
}

/// False, with an error: the compiler would take too much memory for the module.
#[no_mangle]
pub unsafe extern "C" fn sluice_module_check(bytes: View, error: *mut *mut Vec<u8>) -> bool {
    let checked = check_expressions(bytes.bytes());
    if let Err(fault) = &checked {
        *error = Box::into_raw(Box::new(fault.clone().into_bytes()));
    }
    checked.is_ok()
}

#[no_mangle]
pub unsafe extern "C" fn sluice_component_serialize(
    component: *const Component,
    out: *mut *mut Vec<u8>,
    error: *mut *mut Vec<u8>,
) -> bool {
    give((*component).serialize(), out, error)
}

#[no_mangle]
pub unsafe extern "C" fn sluice_component_deserialize(
    components: *const Components,
    bytes: View,
    out: *mut *mut Component,
    error: *mut *mut Vec<u8>,
) -> bool {
    give(Component::deserialize(&(*components).engine, bytes.bytes()), out, error)
}

#[no_mangle]
pub unsafe extern "C" fn sluice_component_delete(component: *mut Component) {
    drop(Box::from_raw(component));
}

type Found = extern "C" fn(*mut c_void, bool, View, View);

#[no_mangle]
pub unsafe extern "C" fn sluice_component_list(
    components: *const Components,
    component: *const Component,
    user: *mut c_void,
    found: Found,
) {
    let engine = &(*components).engine;
    let of_type = (*component).component_type();
    for (name, item) in of_type.imports(engine) {
        tell(engine, user, found, true, name, item.ty);
    }
    for (name, item) in of_type.exports(engine) {
        tell(engine, user, found, false, name, item.ty);
    }
}

fn tell(engine: &Engine, user: *mut c_void, found: Found, imported: bool, name: &str, item: ComponentItem) {
    match item {
        ComponentItem::ComponentFunc(_) => found(user, imported, View::of(&[]), View::of(name.as_bytes())),
        ComponentItem::ComponentInstance(instance) => {
            for (function, item) in instance.exports(engine) {
                if let ComponentItem::ComponentFunc(_) = item.ty {
                    found(user, imported, View::of(name.as_bytes()), View::of(function.as_bytes()));
                }
            }
        }
        _ => {}
    }
}

#[no_mangle]
pub unsafe extern "C" fn sluice_component_link(
    components: *const Components,
    component: *const Component,
    imports: *const Import,
    count: usize,
    callbacks: *const Callbacks,
    out: *mut *mut Linked,
    error: *mut *mut Vec<u8>,
) -> bool {
    let imports = std::slice::from_raw_parts(imports, count);
    give(link(&*components, &*component, imports, *callbacks), out, error)
}

unsafe fn link(
    components: &Components,
    component: &Component,
    imports: &[Import],
    callbacks: Callbacks,
) -> Result<Linked> {
    let mut linker = Linker::new(&components.engine);
    for import in imports {
        let mut instance = linker.instance(import.interface.text())?;
        add_world(&mut instance, import.name.text(), import.shape.text(), Function(import.function))?;
    }
    add_wasi(&mut linker, &components.engine, component)?;
    Ok(Linked { pre: linker.instantiate_pre(component)?, callbacks })
}

#[no_mangle]
pub unsafe extern "C" fn sluice_component_unlink(linked: *mut Linked) {
    drop(Box::from_raw(linked));
}

#[no_mangle]
pub unsafe extern "C" fn sluice_guest_new(linked: *const Linked, user: *mut c_void, memory_max: usize) -> *mut Guest {
    // Of what a guest passes to the host at once. Nothing interrupts the host meanwhile.
    // A value of a type that only the component knows counts with 40 bytes or more.
    const PASSED_BYTES_MAX: usize = 4 << 20;
    let sleep = Arc::new(Sleep { begin: Instant::now(), until_ns: AtomicI64::new(0) });
    let limits = GuestLimits::new(memory_max);
    let state = State { user, callbacks: (*linked).callbacks, sleep: sleep.clone(), alarms: Vec::new(), limits };
    let mut store = Box::new(Store::new((*linked).pre.engine(), state));
    store.limiter(|state| &mut state.limits);
    store.set_hostcall_fuel(PASSED_BYTES_MAX);
    store.epoch_deadline_async_yield_and_update(1);
    Box::into_raw(Box::new(Guest { call: None, outcome: None, run: None, configure: None, sleep, store, linked }))
}

#[no_mangle]
pub unsafe extern "C" fn sluice_guest_delete(guest: *mut Guest) {
    drop(Box::from_raw(guest));
}

impl Guest {
    /// The store as a call keeps it. Requires: the call is dropped before the store, and nobody else
    /// touches the store meanwhile.
    unsafe fn lend(&mut self) -> &'static mut Store<State> {
        self.store.set_epoch_deadline(1);
        &mut *(&mut *self.store as *mut Store<State>)
    }
    fn begin(&mut self, call: impl Future<Output = Result<Done>> + 'static) {
        self.outcome = None;
        self.sleep.clear();
        self.call = Some(Box::pin(call));
    }
    fn take_exports(&mut self, instance: &Instance) -> Result<()> {
        self.run = Some(instance.get_typed_func(&mut *self.store, "run")?);
        self.configure = Some(instance.get_typed_func(&mut *self.store, "configure")?);
        Ok(())
    }
}

#[no_mangle]
pub unsafe extern "C" fn sluice_guest_instantiate(guest: *mut Guest) {
    let guest = &mut *guest;
    let store = guest.lend();
    let pre = &*std::ptr::addr_of!((*guest.linked).pre);
    guest.begin(async move { Ok(Done::Instance(pre.instantiate_async(store).await?)) });
}

#[no_mangle]
pub unsafe extern "C" fn sluice_guest_configure(guest: *mut Guest, texts: *const View, count: usize) {
    let guest = &mut *guest;
    let texts: &[View] = if count == 0 { &[] } else { std::slice::from_raw_parts(texts, count) };
    let owned = |view: &View| String::from_utf8_lossy(view.bytes()).into_owned();
    let params: Vec<_> = texts.chunks_exact(2).map(|pair| (owned(&pair[0]), owned(&pair[1]))).collect();
    let function = guest.configure.clone();
    let store = guest.lend();
    guest.begin(async move {
        let function = function.ok_or_else(|| Error::msg("there is no instance"))?;
        match function.call_async(store, (params,)).await?.0 {
            Ok(()) => Ok(Done::Value(0)),
            Err(why) => Ok(Done::Refusal(why)),
        }
    });
}

#[no_mangle]
pub unsafe extern "C" fn sluice_guest_run(guest: *mut Guest) {
    let guest = &mut *guest;
    let function = guest.run.clone();
    let store = guest.lend();
    guest.begin(async move {
        let function = function.ok_or_else(|| Error::msg("there is no instance"))?;
        match function.call_async(store, ()).await?.0 {
            Ok(value) => Ok(Done::Value(value)),
            Err(why) => Ok(Done::Refusal(why)),
        }
    });
}

#[no_mangle]
pub unsafe extern "C" fn sluice_guest_poll(guest: *mut Guest) -> bool {
    let guest = &mut *guest;
    guest.sleep.clear();
    let Some(call) = guest.call.as_mut() else { return true };
    let Poll::Ready(outcome) = call.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        return false;
    };
    guest.call = None;
    guest.outcome = Some(match outcome {
        Ok(Done::Instance(instance)) => guest.take_exports(&instance).map(|()| Done::Value(0)),
        other => other,
    });
    true
}

#[no_mangle]
pub unsafe extern "C" fn sluice_guest_sleeps_ns(guest: *const Guest) -> i64 {
    (*guest).sleep.left().as_nanos().min(i64::MAX as u128) as i64
}

#[no_mangle]
pub unsafe extern "C" fn sluice_guest_finish(
    guest: *mut Guest,
    value: *mut i32,
    refused: *mut bool,
    error: *mut *mut Vec<u8>,
) -> bool {
    let (result, refusal) = match (*guest).outcome.take() {
        Some(Ok(Done::Value(result))) => (Ok(result), false),
        Some(Ok(Done::Refusal(why))) => (Err(why), true),
        Some(Err(fault)) => (Err(fault.root_cause().to_string()), false),
        _ => (Err("the call is not done".to_string()), false),
    };
    *refused = refusal;
    match result {
        Ok(result) => {
            *value = result;
            true
        }
        Err(why) => {
            *error = Box::into_raw(Box::new(why.into_bytes()));
            false
        }
    }
}

#[no_mangle]
pub unsafe extern "C" fn sluice_guest_kill(guest: *mut Guest) {
    (*guest).call = None;
    (*guest).outcome = None;
}

#[no_mangle]
pub unsafe extern "C" fn sluice_bytes_view(bytes: *const Vec<u8>) -> View {
    View::of(&*bytes)
}

#[no_mangle]
pub unsafe extern "C" fn sluice_bytes_delete(bytes: *mut Vec<u8>) {
    drop(Box::from_raw(bytes));
}

fn give<T>(result: Result<T>, out: *mut *mut T, error: *mut *mut Vec<u8>) -> bool {
    match result {
        Ok(made) => unsafe {
            *out = Box::into_raw(Box::new(made));
            true
        },
        Err(fault) => unsafe {
            *error = Box::into_raw(Box::new(format!("{fault:#}").into_bytes()));
            false
        },
    }
}
