// SPDX-License-Identifier: Apache-2.0
#include "wasm/guest_runtime.h"

#include <sys/random.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "base/time.h"
#include "wasm/wasi_poll.h"

namespace sluice::wasm {
namespace {

constexpr std::uint32_t kTextUnitsMax = 500;
constexpr std::uint32_t kRandomBytesMax = 64 << 10;
constexpr std::uint32_t kIoVectorsMax = 64;

void append_utf8(std::string& out, std::uint32_t c) {
  const auto byte = [&out](std::uint32_t value) { out += static_cast<char>(value); };
  if (c < 0x80) {
    byte(c);
  } else if (c < 0x800) {
    byte(0xc0 | c >> 6), byte(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    byte(0xe0 | c >> 12), byte(0x80 | (c >> 6 & 0x3f)), byte(0x80 | (c & 0x3f));
  } else {
    byte(0xf0 | c >> 18), byte(0x80 | (c >> 12 & 0x3f)), byte(0x80 | (c >> 6 & 0x3f)),
        byte(0x80 | (c & 0x3f));
  }
}

std::string utf16_to_utf8(std::span<const char> bytes) {
  const auto unit = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[2 * i])) |
           static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[2 * i + 1])) << 8;
  };
  std::string out;
  const std::size_t count = bytes.size() / 2;
  for (std::size_t i = 0; i < count; ++i) {
    std::uint32_t c = unit(i);
    const bool high = c >= 0xd800 && c < 0xdc00;
    if (high && i + 1 < count && unit(i + 1) >= 0xdc00 && unit(i + 1) < 0xe000) {
      c = 0x10000 + ((c - 0xd800) << 10) + (unit(++i) - 0xdc00);
    } else if (c >= 0xd800 && c < 0xe000) {
      c = 0xfffd;
    }
    append_utf8(out, c);
  }
  return out;
}

// ABI: an AssemblyScript string is UTF-16, its size in bytes in the 4 bytes before it.
std::string assemblyscript_string(const GuestMemory& memory, std::uint32_t address) {
  if (address < 4) return "";
  const auto size = memory.read_u32(address - 4);
  if (!size) return "(unreadable)";
  const auto bytes = memory.at(address, std::min(*size, kTextUnitsMax * 2));
  return bytes ? utf16_to_utf8(*bytes) : "(unreadable)";
}

Result<void> env_abort(HostCall& call) {
  SLUICE_TRY(const GuestMemory memory, call.memory());
  std::string text = "abort: " + assemblyscript_string(memory, call.u32(0));
  const std::string file = assemblyscript_string(memory, call.u32(1));
  if (!file.empty()) {
    text +=
        " in " + file + "(" + std::to_string(call.u32(2)) + ":" + std::to_string(call.u32(3)) + ")";
  }
  return fail(ErrorKind::invalid, std::move(text));
}

Result<void> fill_random(std::span<char> out) {
  while (!out.empty()) {
    const ssize_t got = getrandom(out.data(), std::min<std::size_t>(out.size(), 256), 0);
    if (got < 0) return fail(ErrorKind::internal, "no random bytes from the system");
    out = out.subspan(static_cast<std::size_t>(got));
  }
  return {};
}

Result<void> env_seed(HostCall& call) {
  std::uint64_t bits = 0;
  SLUICE_CHECK(fill_random({reinterpret_cast<char*>(&bits), sizeof bits}));
  call.return_f64(static_cast<double>(bits >> 11));
  return {};
}

Result<void> env_date_now(HostCall& call) {
  call.return_f64(static_cast<double>(unix_time_ms()));
  return {};
}

// Wasmtime's own has no bound, and the guest cannot be made to give way meanwhile.
Result<void> random_get(HostCall& call) {
  if (call.u32(1) > kRandomBytesMax) {
    return fail(ErrorKind::invalid, "the guest asked for more than 64 KiB of random bytes at once");
  }
  SLUICE_TRY(const GuestMemory memory, call.memory());
  SLUICE_TRY(const std::span<char> out, memory.at(call.u32(0), call.u32(1)));
  SLUICE_CHECK(fill_random(out));
  call.return_i32(0);
  return {};
}

// Wasmtime's own would write from a thread of its runtime, after the guest may be gone.
Result<void> fd_write(HostCall& call) {
  constexpr std::int32_t kBadDescriptor = 8;  // WASI errno badf
  const std::uint32_t descriptor = call.u32(0);
  const std::uint32_t first = call.u32(1);
  const std::uint32_t count = std::min(call.u32(2), kIoVectorsMax);  // a short write is allowed
  const std::uint32_t written_at = call.u32(3);
  SLUICE_TRY(const GuestMemory memory, call.memory());
  if (descriptor != 1 && descriptor != 2) {
    call.return_i32(kBadDescriptor);
    return {};
  }
  std::uint32_t written = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    SLUICE_TRY(const std::span<char> vector, memory.at(first, (i + 1) * std::uint64_t{8}));
    std::uint32_t address_and_size[2];
    std::memcpy(address_and_size, vector.data() + i * std::size_t{8}, sizeof address_and_size);
    SLUICE_TRY(const std::span<char> bytes, memory.at(address_and_size[0], address_and_size[1]));
    call.print({bytes.data(), bytes.size()});
    written += address_and_size[1];
  }
  SLUICE_TRY(const std::span<char> out, memory.at(written_at, sizeof written));
  std::memcpy(out.data(), &written, sizeof written);
  call.return_i32(0);
  return {};
}

constexpr HostFunction kEnv[] = {
    {"abort", "iiii", "", env_abort},
    {"seed", "", "F", env_seed},
    {"Date.now", "", "F", env_date_now},
};
constexpr HostFunction kWasi[] = {
    {"poll_oneoff", "iiii", "i", wasi_poll_oneoff},
    {"random_get", "ii", "i", random_get},
    {"fd_write", "iiii", "i", fd_write},
};

}  // namespace

std::span<const HostFunction> env_functions() { return kEnv; }
std::span<const HostFunction> wasi_functions() { return kWasi; }

}  // namespace sluice::wasm
