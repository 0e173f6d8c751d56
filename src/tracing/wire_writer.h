// SPDX-License-Identifier: Apache-2.0
// WireWriter: the fields of one message in the wire format of protobuf 3
// (https://protobuf.dev/programming-guides/encoding/). A tree of message objects costs several
// allocations an attribute, which is most of the cost of a trace.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::tracing {

// Appends to `out`, which outlives it. A number of zero and an empty text are left out, as protobuf
// leaves out the default. Requires of every field number: 1 to 2^29 - 1.
class WireWriter {
 public:
  explicit WireWriter(std::string& out) : out_(out) {}

  void number(unsigned field, std::uint64_t value) {
    if (value != 0) put_number(field, value);
  }
  // The same, but zero is written too: a member of a oneof says by its presence which it is.
  void put_number(unsigned field, std::uint64_t value) {
    tag(field, as_varint);
    varint(value);
  }
  void fixed64(unsigned field, std::uint64_t value) {
    tag(field, as_fixed64);
    little_endian(value, sizeof value);
  }
  void fixed32(unsigned field, std::uint32_t value) {
    tag(field, as_fixed32);
    little_endian(value, sizeof value);
  }
  void text(unsigned field, std::string_view value) {
    if (!value.empty()) put_text(field, value);
  }
  void put_text(unsigned field, std::string_view value) {
    tag(field, as_length);
    varint(value.size());
    out_ += value;
  }
  // `write` appends the fields of the message to the same text.
  template <class Write>
  void message(unsigned field, Write&& write) {
    tag(field, as_length);
    const std::size_t place = out_.size();
    out_ += '\0';
    write();
    set_length(place);
  }

 private:
  enum Type : std::uint8_t { as_varint = 0, as_fixed64 = 1, as_length = 2, as_fixed32 = 5 };
  static constexpr unsigned kPayloadBits = 7;
  static constexpr std::uint64_t kMore = 0x80;

  void tag(unsigned field, Type type) { varint(std::uint64_t{field} << 3 | type); }
  void varint(std::uint64_t value) {
    for (; value >= kMore; value >>= kPayloadBits) out_ += static_cast<char>(value | kMore);
    out_ += static_cast<char>(value);
  }
  void little_endian(std::uint64_t value, std::size_t bytes) {
    for (; bytes > 0; --bytes, value >>= 8) out_ += static_cast<char>(value);
  }
  // A byte is kept for the length; most messages need no more.
  void set_length(std::size_t place) {
    std::uint64_t length = out_.size() - place - 1;
    if (length >= kMore) {
      std::size_t more = 0;
      for (std::uint64_t left = length >> kPayloadBits; left != 0; left >>= kPayloadBits) ++more;
      out_.insert(place, more, '\0');
    }
    for (; length >= kMore; length >>= kPayloadBits)
      out_[place++] = static_cast<char>(length | kMore);
    out_[place] = static_cast<char>(length);
  }

  std::string& out_;
};

}  // namespace sluice::tracing
