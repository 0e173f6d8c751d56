// SPDX-License-Identifier: Apache-2.0
// host_function(): makes a host function of a C++ function, whose signature gives the WebAssembly
// type, the unpacking of the arguments and the packing of the result.
//
//   Result<std::uint32_t> find(Session& session, std::span<const char> key, std::int32_t flags);
//   host_function<find>("find")          // (i32, i32, i32) -> i32, context Session
//
// Parameters, in any order:
//   std::int32_t, std::uint32_t          an i32
//   std::int64_t, std::uint64_t          an i64
//   float, double                        an f32, an f64
//   std::span<char>, std::span<const char>  two i32: address and size, checked. Valid until the
//                                        guest runs again (HostCall::call)
//   GuestMemory                          nothing: the guest's memory
//   HostCall&                            nothing: the call itself
//   another T&                           nothing: the context that Instance::set_context was given,
//                                        which must be a T. A call without a context fails.
//   a class with static Result<T> from_guest(HostCall&, values...)
//                                        the values that from_guest takes
// Results: void, any of the value types, a class with Result<value> to_guest(HostCall&) const, or a
// Result of one of these. A member function has its object as the context. to_guest may call the
// guest, so such a class must not refer to the guest's memory.
//
// The function runs on the guest's stack (about 1 MiB are free). An error, its own or that of an
// argument, traps the guest with that message; it never runs again. All arguments are read, from
// the left, before the function begins. It must not throw, block or suspend, and must return as
// soon as HostCall::call fails: so a guest can be killed in the middle of a call. To let a guest
// wait, use HostCall::sleep_until.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/result.h"
#include "wasm/abi.h"
#include "wasm/guest_memory.h"
#include "wasm/host_call.h"

namespace sluice::wasm {
namespace detail {

template <class T>
inline constexpr bool kIsResult = false;
template <class T>
inline constexpr bool kIsResult<Result<T>> = true;

template <class... T>
struct TypeList {};

// The values that a `take` function reads behind the HostCall.
template <class Take>
struct ValuesOf;
template <class R, class... V>
struct ValuesOf<R (*)(HostCall&, V...)> {
  using Types = ValueTypes<V...>;
  template <std::size_t first, std::size_t... i>
  static R take(R (*function)(HostCall&, V...), HostCall& call, std::index_sequence<i...>) {
    return function(call, call.values()[first + i].get<V>()...);
  }
};

template <class T>
concept FromGuest = requires { &T::from_guest; };
template <class T>
concept ToGuest = requires { &T::to_guest; };

// kTake makes a parameter of type P.
template <class P>
struct Argument {
  static_assert(FromGuest<P>, "not a parameter type of host functions: see host_function.h");
  static constexpr auto kTake = &P::from_guest;
};
template <WasmValue P>
struct Argument<P> {
  static P take(HostCall&, P value) { return value; }
  static constexpr auto kTake = &take;
};
template <class C>
  requires std::same_as<std::remove_const_t<C>, char>
struct Argument<std::span<C>> {
  static Result<std::span<C>> take(HostCall& call, std::uint32_t address, std::uint32_t size) {
    SLUICE_TRY(const GuestMemory memory, call.memory());
    return memory.at(address, size);
  }
  static constexpr auto kTake = &take;
};
template <>
struct Argument<GuestMemory> {
  static Result<GuestMemory> take(HostCall& call) { return call.memory(); }
  static constexpr auto kTake = &take;
};
template <>
struct Argument<HostCall&> {
  static std::reference_wrapper<HostCall> take(HostCall& call) { return call; }
  static constexpr auto kTake = &take;
};
template <class T>
struct Argument<T&> {
  static_assert(!FromGuest<T> && !WasmValue<T>, "pass it by value: a reference is the context");
  static Result<std::reference_wrapper<T>> take(HostCall& call) {
    SLUICE_TRY(T * context, call.context<std::remove_const_t<T>>());
    return *context;
  }
  static constexpr auto kTake = &take;
};

// The letters of all parameters.
template <class... Types>
struct Join;
template <class... A>
struct Join<ValueTypes<A...>> {
  using Types = ValueTypes<A...>;
};
template <class... A, class... B, class... Rest>
struct Join<ValueTypes<A...>, ValueTypes<B...>, Rest...> : Join<ValueTypes<A..., B...>, Rest...> {};

template <class P>
using ValuesOfArgument = ValuesOf<std::remove_const_t<decltype(Argument<P>::kTake)>>;

// The value that stands for a result of type R, in a Result if it can fail.
template <class R>
auto pack(HostCall& call, R&& result) {
  using T = std::remove_cvref_t<R>;
  if constexpr (WasmValue<T>) {
    return std::forward<R>(result);
  } else {
    static_assert(ToGuest<T>, "not a result type of host functions: see host_function.h");
    return std::forward<R>(result).to_guest(call);
  }
}

template <class R>
struct ResultType {
  using Packed = std::remove_cvref_t<decltype(pack(std::declval<HostCall&>(), std::declval<R>()))>;
  using Types = typename ResultType<Packed>::Types;
};
template <class R>
struct ResultType<Result<R>> : ResultType<R> {};
template <WasmValue R>
struct ResultType<R> {
  using Types = ValueTypes<R>;
};
template <>
struct ResultType<void> {
  using Types = ValueTypes<>;
};

template <class R>
Result<void> store(HostCall& call, R&& result) {
  using T = std::remove_cvref_t<R>;
  if constexpr (kIsResult<T>) {
    if (!result) [[unlikely]]
      return std::unexpected(std::forward<R>(result).error());
    if constexpr (std::is_void_v<typename T::value_type>) {
      return {};
    } else {
      return store(call, *std::forward<R>(result));
    }
  } else if constexpr (WasmValue<T>) {
    call.values()[0].put(result);
    return {};
  } else {
    return store(call, pack(call, std::forward<R>(result)));
  }
}

// Takes the parameters from the left, the first value at `at`, and calls `function` with them.
template <auto function, std::size_t at, class... Ready>
Result<void> unpack(TypeList<>, HostCall& call, Ready&&... ready) {
  using R = decltype(std::invoke(function, std::forward<Ready>(ready)...));
  if constexpr (std::is_void_v<R>) {
    std::invoke(function, std::forward<Ready>(ready)...);
    return {};
  } else {
    return store(call, std::invoke(function, std::forward<Ready>(ready)...));
  }
}
template <auto function, std::size_t at, class P, class... Rest, class... Ready>
Result<void> unpack(TypeList<P, Rest...>, HostCall& call, Ready&&... ready) {
  using Values = ValuesOfArgument<P>;
  constexpr std::size_t kCount = Values::Types::kCount;
  auto taken =
      Values::template take<at>(Argument<P>::kTake, call, std::make_index_sequence<kCount>());
  if constexpr (kIsResult<decltype(taken)>) {
    if (!taken) [[unlikely]]
      return std::unexpected(std::move(taken).error());
    return unpack<function, at + kCount>(TypeList<Rest...>(), call, std::forward<Ready>(ready)...,
                                         static_cast<P>(*std::move(taken)));
  } else {
    return unpack<function, at + kCount>(TypeList<Rest...>(), call, std::forward<Ready>(ready)...,
                                         static_cast<P>(taken));
  }
}

template <class Function>
struct Form;
template <class R, class... P>
struct Form<R (*)(P...)> {
  using Parameters = TypeList<P...>;
  using Values = typename Join<ValueTypes<>, typename ValuesOfArgument<P>::Types...>::Types;
  using Results = typename ResultType<R>::Types;
};
template <class R, class C, class... P>
struct Form<R (C::*)(P...)> : Form<R (*)(C&, P...)> {};
template <class R, class C, class... P>
struct Form<R (C::*)(P...) const> : Form<R (*)(const C&, P...)> {};

template <auto function>
Result<void> enter(HostCall& call) {
  return unpack<function, 0>(typename Form<decltype(function)>::Parameters(), call);
}

}  // namespace detail

template <auto function>
consteval HostFunction host_function(std::string_view name) {
  using Form = detail::Form<decltype(function)>;
  return {name, Form::Values::kLetters, Form::Results::kLetters, &detail::enter<function>};
}

}  // namespace sluice::wasm
