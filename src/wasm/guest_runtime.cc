// SPDX-License-Identifier: Apache-2.0
#include "wasm/guest_runtime.h"

#include <sys/random.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "base/time.h"
#include "base/utf8.h"
#include "wasm/host_function.h"
#include "wasm/wasi_error.h"
#include "wasm/wasi_files.h"
#include "wasm/wasi_poll.h"
#include "wasm/wasi_process.h"

namespace sluice::wasm {
namespace {

constexpr std::uint32_t kTextUnitsMax = 500;
constexpr std::uint32_t kRandomBytesMax = 64 << 10;
constexpr std::uint32_t kIoVectorsMax = 64;

// ABI: an AssemblyScript string is UTF-16, its size in bytes in the 4 bytes before it.
std::string assemblyscript_string(const GuestMemory& memory, std::uint32_t address) {
  if (address < 4) return "";
  const auto size = memory.read<std::uint32_t>(address - 4);
  if (!size) return "(unreadable)";
  const auto bytes = memory.at(address, std::min(*size, kTextUnitsMax * 2));
  return bytes ? utf16_to_utf8({bytes->data(), bytes->size()}) : "(unreadable)";
}

Result<void> env_abort(GuestMemory memory, std::uint32_t message, std::uint32_t file,
                       std::uint32_t line, std::uint32_t column) {
  std::string text = assemblyscript_string(memory, message);  // the name of the call stands before
  const std::string name = assemblyscript_string(memory, file);
  if (!name.empty())
    text += " in " + name + "(" + std::to_string(line) + ":" + std::to_string(column) + ")";
  return fail(ErrorKind::invalid, std::move(text));
}

Result<double> env_seed() {
  std::uint64_t bits = 0;
  SLUICE_CHECK(fill_random({reinterpret_cast<char*>(&bits), sizeof bits}));
  return static_cast<double>(bits >> 11);
}

double env_date_now() { return static_cast<double>(unix_time_ms()); }

// Bounded: the guest cannot be made to give way meanwhile.
Result<std::int32_t> random_get(std::span<char> out) {
  if (out.size() > kRandomBytesMax) {
    return fail(ErrorKind::invalid, "the guest asked for more than 64 KiB of random bytes at once");
  }
  SLUICE_CHECK(fill_random(out));
  return kSuccess;
}

Result<std::int32_t> fd_write(HostCall& call, GuestMemory memory, std::uint32_t descriptor,
                              std::uint32_t vectors, std::uint32_t count,
                              std::uint32_t written_at) {
  if (call.descriptors().kind(descriptor) != WasiDescriptors::DescriptorKind::output)
    return code(WasiError::badf);
  std::uint32_t written = 0;
  count = std::min(count, kIoVectorsMax);  // a short write is allowed
  for (std::uint32_t i = 0; i < count; ++i) {
    SLUICE_TRY(const std::span<char> vector, memory.at(vectors, (i + 1) * std::uint64_t{8}));
    std::uint32_t address_and_size[2];
    std::memcpy(address_and_size, vector.data() + i * std::size_t{8}, sizeof address_and_size);
    SLUICE_TRY(const std::span<char> bytes, memory.at(address_and_size[0], address_and_size[1]));
    call.print({bytes.data(), bytes.size()});
    written += address_and_size[1];
  }
  SLUICE_CHECK(memory.write(written_at, written));
  return kSuccess;
}

constexpr HostFunction kEnv[] = {
    host_function<env_abort>("abort"),
    host_function<env_seed>("seed"),
    host_function<env_date_now>("Date.now"),
};
// The first one is another in wasi_unstable: its structs are.
constexpr HostFunction kWasi[] = {
    host_function<wasi_poll_oneoff>("poll_oneoff"),
    host_function<random_get>("random_get"),
    host_function<fd_write>("fd_write"),
};

}  // namespace

Result<void> fill_random(std::span<char> out) {
  while (!out.empty()) {
    const ssize_t got = getrandom(out.data(), std::min<std::size_t>(out.size(), 256), 0);
    if (got < 0) return fail(ErrorKind::internal, "no random bytes from the system");
    out = out.subspan(static_cast<std::size_t>(got));
  }
  return {};
}

std::span<const ImportModule> runtime_modules() {
  // A runtime may call them in its allocator, at a garbage collection for example.
  static const std::span<const HostFunction> kWasiUnstable = std::span(kWasi).subspan(1);
  static const ImportModule kModules[] = {
      {.name = kWasiModule, .functions = kWasi, .in_nested_calls = true},
      {.name = kWasiModule, .functions = wasi_files(), .in_nested_calls = true},
      {.name = kWasiModule, .functions = wasi_process(), .in_nested_calls = true},
      {.name = kOldWasiModule, .functions = kWasiUnstable, .in_nested_calls = true},
      {.name = kOldWasiModule, .functions = wasi_unstable_files(), .in_nested_calls = true},
      {.name = kOldWasiModule, .functions = wasi_process(), .in_nested_calls = true},
      {.name = "env", .functions = kEnv, .in_nested_calls = true},
  };
  return kModules;
}

}  // namespace sluice::wasm
