// SPDX-License-Identifier: Apache-2.0
//! WASI 0.2 for guests without files, sockets, arguments and environment, as wasi_*.cc is for core
//! modules. Output goes to the host, a sleep is known to it. What is missing here traps by its name.
use std::future::poll_fn;
use std::task::Poll;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use wasmtime::component::types::{ComponentFunc, ComponentInstance, ComponentItem, Type};
use wasmtime::component::{
    Component, ComponentType, Linker, LinkerInstance, Lower, Resource, ResourceType, Val, WasmList,
};
use wasmtime::{Engine, Error, Result, StoreContextMut};

use crate::component::{State, View};

type Store<'a> = StoreContextMut<'a, State>;
type Handler = fn(&mut Store<'_>, &[Val]) -> Result<Option<Val>>;
/// As a Handler, and then the guest sleeps until the time that is returned.
type Sleeper = fn(&mut Store<'_>, &[Val]) -> Result<(Option<Val>, Instant)>;

struct Input;
struct Output;
struct Pollable;
/// Of a type that no guest ever gets.
struct Never;

/// Writing always succeeds, but the type must be that of WASI.
#[allow(dead_code)]
#[derive(ComponentType, Lower)]
#[component(variant)]
enum StreamError {
    #[component(name = "last-operation-failed")]
    LastOperationFailed(Resource<Never>),
    #[component(name = "closed")]
    Closed,
}

const WRITE_BYTES_MAX: u64 = 64 << 10;
const RANDOM_BYTES_MAX: u64 = 64 << 10;
const ALARMS_MAX: usize = 256;
/// Longer than any deadline.
const SLEEP_MAX: Duration = Duration::from_secs(3600);
const READY: u32 = u32::MAX;

pub fn add_wasi(linker: &mut Linker<State>, engine: &Engine, component: &Component) -> Result<()> {
    for (name, item) in component.component_type().imports(engine) {
        if let (true, ComponentItem::ComponentInstance(interface)) = (name.starts_with("wasi:"), item.ty) {
            add_interface(&mut linker.instance(name)?, engine, name, &interface)?;
        }
    }
    Ok(())
}

fn add_interface(
    into: &mut LinkerInstance<'_, State>,
    engine: &Engine,
    name: &str,
    interface: &ComponentInstance,
) -> Result<()> {
    let base = name.split('@').next().unwrap_or(name);
    for (item, what) in interface.exports(engine) {
        match what.ty {
            ComponentItem::Resource(_) => add_resource(into, item)?,
            ComponentItem::ComponentFunc(function) => {
                check_parameters(&function, base, item)?;
                add_function(into, base, item)?
            }
            _ => {}
        }
    }
    Ok(())
}

/// A guest may declare any type, and a list costs time before the function is called. WASI has lists in
/// poll(), in write(), and in functions that end the guest.
fn check_parameters(function: &ComponentFunc, interface: &str, name: &str) -> Result<()> {
    let is_here = handler_of(interface, name).is_some() || (sleeper_of(interface, name).is_some() && name != "poll");
    if !is_here || function.params().all(|(_, of_type)| is_plain(&of_type)) {
        return Ok(());
    }
    Err(Error::msg(format!("{interface}.{name} has a parameter that WASI 0.2 does not have")))
}

fn is_plain(of_type: &Type) -> bool {
    match of_type {
        Type::Bool | Type::Char | Type::String | Type::Enum(_) | Type::Flags(_) | Type::Own(_) | Type::Borrow(_) => true,
        Type::S8 | Type::U8 | Type::S16 | Type::U16 | Type::S32 | Type::U32 | Type::S64 | Type::U64 => true,
        Type::Result(of) => [of.ok(), of.err()].iter().flatten().all(is_plain),
        _ => false,
    }
}

fn add_resource(into: &mut LinkerInstance<'_, State>, name: &str) -> Result<()> {
    let nothing = |_: Store<'_>, _: u32| Ok(());
    match name {
        "input-stream" => into.resource(name, ResourceType::host::<Input>(), nothing),
        "output-stream" => into.resource(name, ResourceType::host::<Output>(), nothing),
        "pollable" => into.resource(name, ResourceType::host::<Pollable>(), |mut store, place| {
            if let Some(alarm) = store.data_mut().alarms.get_mut(place as usize) {
                *alarm = None;
            }
            Ok(())
        }),
        _ => into.resource(name, ResourceType::host::<Never>(), nothing),
    }
}

fn add_function(into: &mut LinkerInstance<'_, State>, interface: &str, name: &str) -> Result<()> {
    if let "[method]output-stream.write" | "[method]output-stream.blocking-write-and-flush" = name {
        return into.func_wrap(name, print);
    }
    if let Some(sleeper) = sleeper_of(interface, name) {
        return into.func_new_async(name, move |mut store, _, arguments, results| {
            Box::new(async move {
                let (answer, until) = sleeper(&mut store, arguments)?;
                sleep(&mut store, until).await;
                put(answer, results);
                Ok(())
            })
        });
    }
    if let Some(handler) = handler_of(interface, name) {
        let of_output = name.starts_with("[method]output-stream.");
        let of_stream = of_output || name.starts_with("[method]input-stream.");
        return into.func_new(name, move |mut store, _, arguments, results| {
            if of_stream {
                give_back(&mut store, arguments.first(), of_output)?;
            }
            put(handler(&mut store, arguments)?, results);
            Ok(())
        });
    }
    let why = format!("{interface}.{name}: a guest has no such thing here");
    into.func_new(name, move |_, _, _, _| Err(Error::msg(why.clone())))
}

fn put(answer: Option<Val>, results: &mut [Val]) {
    if let (Some(answer), Some(place)) = (answer, results.first_mut()) {
        *place = answer;
    }
}

/// The host polls again when the time has come.
async fn sleep(store: &mut Store<'_>, until: Instant) {
    let state = store.data().sleep.clone();
    poll_fn(move |_| {
        if Instant::now() >= until {
            return Poll::Ready(());
        }
        state.set(until);
        Poll::Pending
    })
    .await
}

fn sleeper_of(interface: &str, name: &str) -> Option<Sleeper> {
    match (interface, name) {
        ("wasi:io/poll", "[method]pollable.block") => {
            Some(|store, arguments| Ok((None, alarm_of(store, arguments.first())?)))
        }
        ("wasi:io/poll", "poll") => Some(poll_list),
        _ => None,
    }
}

fn handler_of(interface: &str, name: &str) -> Option<Handler> {
    Some(match (interface, name) {
        ("wasi:cli/environment", "get-environment" | "get-arguments") => |_, _| Ok(Some(Val::List(Vec::new()))),
        ("wasi:cli/environment", "initial-cwd") => |_, _| Ok(Some(Val::Option(None))),
        ("wasi:cli/exit", _) => |_, _| Err(Error::msg("the guest ended itself")),
        ("wasi:cli/stdin", "get-stdin") => |store, _| own::<Input>(store, 0),
        ("wasi:cli/stdout" | "wasi:cli/stderr", _) => |store, _| own::<Output>(store, 0),
        ("wasi:cli/terminal-stdin" | "wasi:cli/terminal-stdout" | "wasi:cli/terminal-stderr", _) => {
            |_, _| Ok(Some(Val::Option(None)))
        }
        ("wasi:clocks/monotonic-clock", "now") => |store, _| Ok(Some(Val::U64(monotonic_ns(store)))),
        ("wasi:clocks/monotonic-clock", "resolution") => |_, _| Ok(Some(Val::U64(1))),
        ("wasi:clocks/monotonic-clock", "subscribe-duration") => |store, arguments| alarm(store, number(arguments)?),
        ("wasi:clocks/monotonic-clock", "subscribe-instant") => |store, arguments| {
            let left = number(arguments)?.saturating_sub(monotonic_ns(store));
            alarm(store, left)
        },
        ("wasi:clocks/wall-clock", "now") => |_, _| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            Ok(Some(datetime(now.as_secs(), now.subsec_nanos())))
        },
        ("wasi:clocks/wall-clock", "resolution") => |_, _| Ok(Some(datetime(0, 1))),
        ("wasi:filesystem/preopens", "get-directories") => |_, _| Ok(Some(Val::List(Vec::new()))),
        ("wasi:filesystem/types", "filesystem-error-code") => |_, _| Ok(Some(Val::Option(None))),
        ("wasi:io/poll", "[method]pollable.ready") => {
            |store, arguments| Ok(Some(Val::Bool(alarm_of(store, arguments.first())? <= Instant::now())))
        }
        ("wasi:io/streams", "[method]output-stream.check-write") => {
            |_, _| Ok(Some(ok(Some(Val::U64(WRITE_BYTES_MAX)))))
        }
        ("wasi:io/streams", "[method]output-stream.flush" | "[method]output-stream.blocking-flush") => {
            |_, _| Ok(Some(ok(None)))
        }
        ("wasi:io/streams", "[method]output-stream.subscribe" | "[method]input-stream.subscribe") => {
            |store, _| own::<Pollable>(store, READY)
        }
        (
            "wasi:io/streams",
            "[method]input-stream.read"
            | "[method]input-stream.blocking-read"
            | "[method]input-stream.skip"
            | "[method]input-stream.blocking-skip",
        ) => |_, _| Ok(Some(Val::Result(Err(Some(Box::new(Val::Variant("closed".into(), None))))))),
        ("wasi:random/random", "get-random-bytes") | ("wasi:random/insecure", "get-insecure-random-bytes") => {
            random_bytes
        }
        ("wasi:random/random", "get-random-u64") | ("wasi:random/insecure", "get-insecure-random-u64") => {
            |store, _| Ok(Some(Val::U64(random_u64(store)?)))
        }
        ("wasi:random/insecure-seed", "insecure-seed") => {
            |store, _| Ok(Some(Val::Tuple(vec![Val::U64(random_u64(store)?), Val::U64(random_u64(store)?)])))
        }
        ("wasi:sockets/instance-network", "instance-network") => |store, _| own::<Never>(store, 0),
        ("wasi:sockets/tcp-create-socket" | "wasi:sockets/udp-create-socket", _)
        | ("wasi:sockets/ip-name-lookup", "resolve-addresses") => {
            |_, _| Ok(Some(Val::Result(Err(Some(Box::new(Val::Enum("access-denied".into())))))))
        }
        _ => return None,
    })
}

fn ok(value: Option<Val>) -> Val {
    Val::Result(Ok(value.map(Box::new)))
}

fn datetime(seconds: u64, nanoseconds: u32) -> Val {
    Val::Record(vec![("seconds".into(), Val::U64(seconds)), ("nanoseconds".into(), Val::U32(nanoseconds))])
}

fn own<T: 'static>(store: &mut Store<'_>, representation: u32) -> Result<Option<Val>> {
    let resource = Resource::<T>::new_own(representation);
    Ok(Some(Val::Resource(resource.try_into_resource_any(store)?)))
}

/// A borrowed stream must not outlive the call.
fn give_back(store: &mut Store<'_>, stream: Option<&Val>, of_output: bool) -> Result<()> {
    if let Some(Val::Resource(resource)) = stream {
        if of_output {
            resource.try_into_resource::<Output>(store)?;
        } else {
            resource.try_into_resource::<Input>(store)?;
        }
    }
    Ok(())
}

fn number(arguments: &[Val]) -> Result<u64> {
    match arguments.first() {
        Some(Val::U64(value)) => Ok(*value),
        _ => Err(Error::msg("not a number")),
    }
}

fn monotonic_ns(store: &Store<'_>) -> u64 {
    store.data().sleep.age().as_nanos() as u64
}

fn alarm(store: &mut Store<'_>, nanoseconds: u64) -> Result<Option<Val>> {
    let due = Instant::now() + Duration::from_nanos(nanoseconds).min(SLEEP_MAX);
    let alarms = &mut store.data_mut().alarms;
    let place = alarms.iter().position(Option::is_none).unwrap_or(alarms.len());
    if place == ALARMS_MAX {
        return Err(Error::msg("the guest waits for more than 256 times at once"));
    }
    if place == alarms.len() {
        alarms.push(None);
    }
    alarms[place] = Some(due);
    own::<Pollable>(store, place as u32)
}

fn alarm_of(store: &mut Store<'_>, pollable: Option<&Val>) -> Result<Instant> {
    let Some(Val::Resource(resource)) = pollable else {
        return Err(Error::msg("not a pollable"));
    };
    let place = resource.try_into_resource::<Pollable>(&mut *store)?.rep();
    let due = store.data().alarms.get(place as usize).copied().flatten();
    Ok(due.unwrap_or_else(Instant::now))
}

fn poll_list(store: &mut Store<'_>, arguments: &[Val]) -> Result<(Option<Val>, Instant)> {
    let Some(Val::List(pollables)) = arguments.first() else {
        return Err(Error::msg("not a list of pollables"));
    };
    if pollables.is_empty() || pollables.len() > ALARMS_MAX {
        return Err(Error::msg("wasi:io/poll: the list has no pollable, or more than 256"));
    }
    let mut dues = Vec::new();
    for pollable in pollables {
        dues.push(alarm_of(store, Some(pollable))?);
    }
    let first = dues.iter().min().copied().unwrap_or_else(Instant::now);
    let until = first.max(Instant::now());
    let ready = dues.iter().enumerate().filter(|(_, due)| **due <= until).map(|(i, _)| Val::U32(i as u32));
    Ok((Some(Val::List(ready.collect())), until))
}

fn print(store: Store<'_>, (_, bytes): (Resource<Output>, WasmList<u8>)) -> Result<(Result<(), StreamError>,)> {
    let state = store.data();
    (state.callbacks.print)(state.user, View::of(bytes.as_le_slice(&store)));
    Ok((Ok(()),))
}

fn fill(store: &Store<'_>, bytes: &mut [u8]) -> Result<()> {
    if (store.data().callbacks.random)(bytes.as_mut_ptr(), bytes.len()) {
        return Ok(());
    }
    Err(Error::msg("no random bytes from the system"))
}

fn random_u64(store: &Store<'_>) -> Result<u64> {
    let mut bytes = [0; 8];
    fill(store, &mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

fn random_bytes(store: &mut Store<'_>, arguments: &[Val]) -> Result<Option<Val>> {
    let count = number(arguments)?;
    if count > RANDOM_BYTES_MAX {
        return Err(Error::msg("the guest asked for more than 64 KiB of random bytes at once"));
    }
    let mut bytes = vec![0; count as usize];
    fill(store, &mut bytes)?;
    Ok(Some(Val::List(bytes.into_iter().map(Val::U8).collect())))
}
