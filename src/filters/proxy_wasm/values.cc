// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy_wasm/values.h"

#include <cstring>
#include <limits>

#include "filters/proxy_wasm/exports.h"
#include "filters/proxy_wasm/plugin.h"

namespace sluice::filters::proxy_wasm {
GuestBytes GuestBytes::from_guest(wasm::HostCall& call, std::uint32_t address, std::uint32_t size) {
  const auto memory = call.memory();
  if (!memory) return {{}, false};
  const auto bytes = memory->at(address, size);
  if (!bytes) return {{}, false};
  return {{bytes->data(), bytes->size()}, true};
}

OutBytes OutBytes::from_guest(wasm::HostCall& call, std::uint32_t data, std::uint32_t size) {
  constexpr std::size_t kAddress = sizeof(std::uint32_t);
  const auto memory = call.memory();
  return {data, size, memory && memory->at(data, kAddress) && memory->at(size, kAddress)};
}

Result<std::uint32_t> OutBytes::allocate(wasm::HostCall& call, std::size_t count) {
  if (count > std::numeric_limits<std::int32_t>::max())
    return fail(ErrorKind::too_large, "more than a guest can hold");
  if (count == 0) return 0;
  SLUICE_TRY(const Plugin* plugin, call.context<Plugin>());
  const auto& function = plugin->uses_malloc ? kGuestMalloc : kGuestAllocate;
  SLUICE_TRY(const std::uint32_t address, call.call(function, static_cast<std::uint32_t>(count)));
  if (address == 0) return fail(ErrorKind::invalid, std::string(function.name) + " returned 0");
  return address;
}

Result<void> OutBytes::write(wasm::HostCall& call, std::uint32_t address,
                             std::string_view bytes) const {
  const auto count = static_cast<std::uint32_t>(bytes.size());
  SLUICE_TRY(const wasm::GuestMemory memory, call.memory());
  SLUICE_TRY(const std::span<char> place, memory.at(address, count));
  if (count > 0) std::memcpy(place.data(), bytes.data(), count);
  SLUICE_CHECK(memory.write(data, address));
  return memory.write(size, count);
}

Result<void> OutBytes::put(wasm::HostCall& call, std::string bytes) const {
  SLUICE_TRY(const std::uint32_t address, allocate(call, bytes.size()));
  return write(call, address, bytes);
}

}  // namespace sluice::filters::proxy_wasm
