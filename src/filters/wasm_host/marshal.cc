// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/marshal.h"

#include <bit>
#include <cstring>
#include <limits>

#include "filters/wasm_host/abi.h"

namespace sluice::filters {
namespace {

static_assert(std::endian::native == std::endian::little, "ABI: lengths are little-endian");

constexpr std::size_t kLengthSize = 4;
constexpr std::size_t kStringOverhead = kLengthSize + 1;
constexpr std::uint32_t kSizeMax = std::numeric_limits<std::int32_t>::max();

// Memory that the guest allocates for us, and its address as the result of the call.
Result<char*> allocate(wasm::HostCall& call, std::size_t size) {
  if (size > kSizeMax) return fail(ErrorKind::too_large, "a value of more than 2 GiB");
  SLUICE_TRY(const std::uint32_t address, call.call(kGuestAlloc, static_cast<std::uint32_t>(size)));
  if (address == 0)
    return fail(ErrorKind::invalid, "wasm_alloc returned 0: the guest is out of memory");
  SLUICE_TRY(const wasm::GuestMemory memory, call.memory());
  SLUICE_TRY(const std::span<char> bytes, memory.at(address, size));
  call.return_u32(address);
  return bytes.data();
}

char* put_u32(char* at, std::size_t value) {
  const auto narrow = static_cast<std::uint32_t>(value);
  std::memcpy(at, &narrow, kLengthSize);
  return at + kLengthSize;
}

char* put_bytes(char* at, std::string_view bytes) {
  if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
  return at + bytes.size();
}

char* put_string(char* at, std::string_view text) {
  at = put_bytes(put_u32(at, text.size() + 1), text);
  *at = '\0';
  return at + 1;
}

std::size_t size_of(std::span<const std::string> texts) {
  std::size_t size = kLengthSize;
  for (const std::string& text : texts) size += kStringOverhead + text.size();
  return size;
}

void put_strings(char* at, std::span<const std::string> texts) {
  at = put_u32(at, texts.size());
  for (const std::string& text : texts) at = put_string(at, text);
}

Result<std::string_view> take(wasm::HostCall& call, std::uint32_t address,
                              std::uint64_t length_offset) {
  SLUICE_TRY(const wasm::GuestMemory memory, call.memory());
  SLUICE_TRY(const std::uint32_t length, memory.read_u32(address));
  if (length > kSizeMax || length < length_offset) {
    return fail(ErrorKind::invalid,
                "the length " + std::to_string(length) + " of an argument cannot be");
  }
  SLUICE_TRY(const std::span<char> bytes, memory.at(address, kLengthSize + std::uint64_t{length}));
  return std::string_view(bytes.data() + kLengthSize, length - length_offset);
}

}  // namespace

Result<std::string_view> take_data(wasm::HostCall& call, std::uint32_t address) {
  return take(call, address, 0);
}

Result<std::string_view> take_string(wasm::HostCall& call, std::uint32_t address) {
  return take(call, address, 1);
}

Result<std::string_view> take_text(wasm::HostCall& call, std::uint32_t address,
                                   std::uint32_t bytes_max) {
  SLUICE_TRY(const std::string_view text, take_string(call, address));
  if (text.size() > bytes_max) {
    return fail(ErrorKind::too_large, "a text of " + std::to_string(text.size()) +
                                          " bytes, at most " + std::to_string(bytes_max) +
                                          " may be passed");
  }
  return text;
}

Result<void> give_data(wasm::HostCall& call, std::string_view bytes) {
  SLUICE_TRY(char* at, allocate(call, kLengthSize + bytes.size()));
  put_bytes(put_u32(at, bytes.size()), bytes);
  return {};
}

Result<void> give_string(wasm::HostCall& call, std::string_view text) {
  SLUICE_TRY(char* at, allocate(call, kStringOverhead + text.size()));
  put_string(at, text);
  return {};
}

Result<void> give_strings(wasm::HostCall& call, std::span<const std::string> texts) {
  SLUICE_TRY(char* at, allocate(call, size_of(texts)));
  put_strings(at, texts);
  return {};
}

std::string encode_strings(std::span<const std::string> texts) {
  std::string out(size_of(texts), '\0');
  put_strings(out.data(), texts);
  return out;
}

}  // namespace sluice::filters
