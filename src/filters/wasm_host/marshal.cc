// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/marshal.h"

#include <bit>
#include <cstring>
#include <limits>

#include "filters/wasm_host/abi.h"
#include "http/made_bytes.h"
#include "wasm/guest_texts.h"

namespace sluice::filters {
namespace {

static_assert(std::endian::native == std::endian::little, "ABI: lengths are little-endian");

constexpr std::size_t kLengthSize = 4;
constexpr std::size_t kStringOverhead = kLengthSize + 1;
constexpr std::uint32_t kSizeMax = std::numeric_limits<std::int32_t>::max();

struct Allocation {
  std::uint32_t address;
  char* bytes;
};

// Memory that wasm_alloc of the guest returned.
Result<Allocation> allocate(wasm::HostCall& call, std::size_t size) {
  if (size > kSizeMax) return fail(ErrorKind::too_large, "a value of more than 2 GiB");
  SLUICE_TRY(const std::uint32_t address, call.call(kGuestAlloc, static_cast<std::uint32_t>(size)));
  if (address == 0)
    return fail(ErrorKind::invalid, "wasm_alloc returned 0: the guest is out of memory");
  SLUICE_TRY(const wasm::GuestMemory memory, call.memory());
  SLUICE_TRY(const std::span<char> bytes, memory.at(address, size));
  return Allocation{address, bytes.data()};
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

char* put_text(char* at, std::string_view text) {
  at = put_bytes(put_u32(at, text.size() + 1), text);
  *at = '\0';
  return at + 1;
}

std::size_t size_of(std::span<const std::string> texts) {
  std::size_t size = kLengthSize;
  for (const std::string& text : texts) size += kStringOverhead + text.size();
  return size;
}

void put_texts(char* at, std::span<const std::string> texts) {
  at = put_u32(at, texts.size());
  for (const std::string& text : texts) at = put_text(at, text);
}

std::unexpected<Error> too_long(std::size_t size, std::uint32_t bytes_max) {
  return fail(ErrorKind::too_large, "a text of " + std::to_string(size) + " bytes, at most " +
                                        std::to_string(bytes_max) + " may be passed");
}

// `rest`: the bytes that the length counts beyond the text.
template <class T>
Result<T> take(wasm::HostCall& call, std::uint32_t address, std::uint32_t rest,
               std::uint32_t bytes_max = kSizeMax) {
  if (const wasm::GuestTexts* texts = call.texts()) {
    const std::string_view text = texts->given[address];
    if (text.size() > bytes_max) return too_long(text.size(), bytes_max);
    return T{text};
  }
  SLUICE_TRY(const wasm::GuestMemory memory, call.memory());
  SLUICE_TRY(const std::uint32_t length, memory.read<std::uint32_t>(address));
  if (length > kSizeMax || length < rest) {
    return fail(ErrorKind::invalid,
                "the length " + std::to_string(length) + " of an argument cannot be");
  }
  SLUICE_TRY(const std::span<char> bytes, memory.at(address, kLengthSize + std::uint64_t{length}));
  if (length - rest > bytes_max) return too_long(length - rest, bytes_max);
  return T{std::string_view(bytes.data() + kLengthSize, length - rest)};
}

Result<std::uint32_t> give_data(wasm::HostCall& call, std::string_view bytes) {
  SLUICE_TRY(const Allocation made, allocate(call, kLengthSize + bytes.size()));
  put_bytes(put_u32(made.bytes, bytes.size()), bytes);
  return made.address;
}

Result<std::uint32_t> give_string(wasm::HostCall& call, std::string_view text) {
  SLUICE_TRY(const Allocation made, allocate(call, kStringOverhead + text.size()));
  put_text(made.bytes, text);
  return made.address;
}

// The result for a component: the bytes stay where they are until its next call.
bool answer(wasm::HostCall& call, std::string_view bytes) {
  wasm::GuestTexts* texts = call.texts();
  if (texts != nullptr) texts->answer = bytes;
  return texts != nullptr;
}

// Likewise, of bytes that do not stay.
bool answer_copy(wasm::HostCall& call, std::string_view bytes) {
  wasm::GuestTexts* texts = call.texts();
  if (texts != nullptr) texts->keep(bytes);
  return texts != nullptr;
}

}  // namespace

Result<GuestData> GuestData::from_guest(wasm::HostCall& call, std::uint32_t address) {
  return take<GuestData>(call, address, 0);
}
Result<GuestString> GuestString::from_guest(wasm::HostCall& call, std::uint32_t address) {
  return take<GuestString>(call, address, 1);
}
Result<GuestText> GuestText::from_guest(wasm::HostCall& call, std::uint32_t address) {
  return take<GuestText>(call, address, 1, kTextBytesMax);
}
Result<GuestBody> GuestBody::from_guest(wasm::HostCall& call, std::uint32_t address) {
  return take<GuestBody>(call, address, 0, http::kMadeBodyBytesMax);
}
Result<GuestValue> GuestValue::from_guest(wasm::HostCall& call, std::uint32_t address) {
  return take<GuestValue>(call, address, 0, kValueDataBytesMax);
}
Result<GuestHeaderText> GuestHeaderText::from_guest(wasm::HostCall& call, std::uint32_t address) {
  return take<GuestHeaderText>(call, address, 1, kHeaderTextBytesMax);
}

Result<std::uint32_t> GuestData::to_guest(wasm::HostCall& call) const {
  if (answer(call, *this)) return 0;
  return give_data(call, *this);
}
Result<std::uint32_t> GuestString::to_guest(wasm::HostCall& call) const {
  if (answer(call, *this)) return 0;
  return give_string(call, *this);
}
Result<std::uint32_t> OwnedGuestData::to_guest(wasm::HostCall& call) const {
  if (answer_copy(call, bytes)) return 0;
  return give_data(call, bytes);
}
Result<std::uint32_t> OwnedGuestString::to_guest(wasm::HostCall& call) const {
  if (answer_copy(call, text)) return 0;
  return give_string(call, text);
}
Result<std::uint32_t> GuestStringArray::to_guest(wasm::HostCall& call) const {
  if (wasm::GuestTexts* its_texts = call.texts()) {
    its_texts->answers = texts;
    return 0;
  }
  SLUICE_TRY(const Allocation made, allocate(call, size_of(texts)));
  put_texts(made.bytes, texts);
  return made.address;
}

std::string encode_strings(std::span<const std::string> texts) {
  std::string out(size_of(texts), '\0');
  put_texts(out.data(), texts);
  return out;
}

}  // namespace sluice::filters
