// SPDX-License-Identifier: Apache-2.0
// The numbers of the proxy-wasm ABI, and how values pass between its host functions and a guest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "filters/proxy_wasm/status.h"
#include "wasm/host_call.h"

namespace sluice::filters::proxy_wasm {

enum class MapType : std::uint32_t {
  request_headers = 0,
  request_trailers = 1,
  response_headers = 2,
  response_trailers = 3,
  call_headers = 6,
  call_trailers = 7,
};
inline constexpr std::uint32_t kMapTypeMax = 7;

enum class BufferType : std::uint32_t {
  request_body = 0,
  response_body = 1,
  call_body = 4,
  vm_configuration = 6,
  plugin_configuration = 7,
};
inline constexpr std::uint32_t kBufferTypeMax = 8;

enum class Action : std::uint32_t { go_on = 0, pause = 1 };
enum class StreamType : std::uint32_t { request = 0, response = 1 };
inline constexpr std::uint32_t kStreamTypeMax = 3;

// The status as a host function returns it.
struct Answer {
  Answer(Status its_status) : status(its_status) {}  // NOLINT(google-explicit-constructor)
  [[nodiscard]] Result<std::uint32_t> to_guest(wasm::HostCall&) const {
    return static_cast<std::uint32_t>(status);
  }
  Status status;
};

// A parameter of two values, address and size: a view into the guest's memory, valid until the
// guest runs again.
struct GuestBytes {
  [[nodiscard]] static GuestBytes from_guest(wasm::HostCall& call, std::uint32_t address,
                                             std::uint32_t size);
  std::string_view text;
  bool inside;  // the guest's memory; false: `text` is empty
};
template <class... T>
[[nodiscard]] bool all_inside(const T&... bytes) {
  return (bytes.inside && ...);
}

// A parameter: the address of a number that the host function returns.
template <class T>
struct Out {
  [[nodiscard]] static Out from_guest(wasm::HostCall& call, std::uint32_t address) {
    const auto memory = call.memory();
    return {address, memory && memory->at(address, sizeof(T))};
  }
  // Requires: inside.
  [[nodiscard]] Result<void> put(wasm::HostCall& call, T value) const {
    SLUICE_TRY(const wasm::GuestMemory memory, call.memory());
    return memory.write(address, value);
  }
  std::uint32_t address;
  bool inside;
};

// A parameter of two values, the addresses of a pointer and a size, through which the host function
// returns bytes. Memory for them comes from the guest; no bytes are a null pointer.
struct OutBytes {
  [[nodiscard]] static OutBytes from_guest(wasm::HostCall& call, std::uint32_t data,
                                           std::uint32_t size);
  // put() and put_found() call the guest for memory. The guest may give way meanwhile, and other
  // work of the core runs: the exchange may end, and its messages go. So no view into memory of the
  // host outlives a call of the guest: put() takes bytes of its own, put_found() asks for the view
  // when the guest has returned. Both require: inside.
  [[nodiscard]] Result<void> put(wasm::HostCall& call, std::string bytes) const;
  // Puts the bytes that find() returns as std::optional<std::string_view>. False: they are gone, or
  // are not `count` bytes any more.
  template <class Find>
  [[nodiscard]] Result<bool> put_found(wasm::HostCall& call, std::size_t count,
                                       const Find& find) const {
    SLUICE_TRY(const std::uint32_t address, allocate(call, count));
    const std::optional<std::string_view> bytes = find();
    if (!bytes || bytes->size() != count) return false;
    SLUICE_CHECK(write(call, address, *bytes));
    return true;
  }
  std::uint32_t data;
  std::uint32_t size;
  bool inside;

 private:
  // Calls the guest.
  [[nodiscard]] static Result<std::uint32_t> allocate(wasm::HostCall& call, std::size_t count);
  [[nodiscard]] Result<void> write(wasm::HostCall& call, std::uint32_t address,
                                   std::string_view bytes) const;
};

}  // namespace sluice::filters::proxy_wasm
